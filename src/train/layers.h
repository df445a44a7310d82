// All layers, activations and initial values: what most model functions need.
#pragma once

#include "train/initializers.h"
#include "train/layers/activation.h"
#include "train/layers/batch_norm.h"
#include "train/layers/conv2d.h"
#include "train/layers/conv2d_transpose.h"
#include "train/layers/dense.h"
#include "train/layers/depthwise_conv2d.h"
#include "train/layers/dropout.h"
#include "train/layers/embedding.h"
#include "train/layers/global_pooling.h"
#include "train/layers/layer_norm.h"
#include "train/layers/pooling.h"
#include "train/layers/reshape.h"
#include "train/layers/residual.h"
