// The optimizers, with TensorFlow's rules, defaults and slot names: a checkpoint of the optimizer
// of that name in tf.compat.v1.train goes on here, and the other way round.
//
//   for                                       take
//   most networks                             Adam, AdamW
//   images, when tuned                        Momentum with a schedule
//   large embeddings, rare features           Adagrad, Ftrl
//   recurrent networks                        RMSProp
//   batches of many thousands                 LAMB
//
// Clipping, accumulation over micro-batches, weight decay and moving averages of weights work with
// all of them: MinimizeOptions in optimizer.h.
#pragma once

#include "train/optimizers/adagrad.h"
#include "train/optimizers/adam.h"
#include "train/optimizers/adamw.h"
#include "train/optimizers/ftrl.h"
#include "train/optimizers/gradient_descent.h"
#include "train/optimizers/lamb.h"
#include "train/optimizers/momentum.h"
#include "train/optimizers/rmsprop.h"
