#include "train/inputs/image_decoder.h"

#include "tf/ops.h"

namespace trainyard::train {

Result<std::unique_ptr<ImageDecoder>> ImageDecoder::Create(const Options& options) {
  std::unique_ptr<ImageDecoder> decoder(new ImageDecoder());
  const tf::Scope scope(&decoder->graph_);
  decoder->bytes_ = tf::Placeholder(scope, tf::DataType::kString, {}, "bytes");
  const tf::Output decoded = scope.Op("DecodeImage")
                                 .In(decoder->bytes_)
                                 .Int("channels", options.channels)
                                 .Type("dtype", tf::DataType::kUint8)
                                 .Bool("expand_animations", false)
                                 .Out();
  const tf::Output batch =
      scope.Op("ExpandDims").In(decoded).In(tf::Const(scope, int32_t{0})).Out();
  const tf::Output size =
      tf::Const(scope, tf::Tensor::FromVector<int32_t>({options.height, options.width}));
  const tf::Output resized =
      scope.Op("ResizeBilinear").In(batch).In(size).Bool("half_pixel_centers", true).Out();
  decoder->image_ = tf::Reshape(scope, resized, {options.height, options.width, options.channels});
  RETURN_IF_ERROR(decoder->graph_.status());
  // In the calling thread: several pictures are decoded side by side by Map's threads.
  tf::SessionOptions session_options;
  session_options.config.inter_op_threads = tf::kCallerThread;
  ASSIGN_OR_RETURN(decoder->session_, tf::Session::Create(decoder->graph_, session_options));
  return decoder;
}

Result<tf::Tensor> ImageDecoder::Decode(const std::string& bytes) const {
  const tf::Tensor value = tf::Tensor::StringScalar(bytes);
  auto images = session_->Run({{bytes_, &value}}, {image_}, {});
  if (images.ok()) return std::move((*images)[0]);
  // TensorFlow's text goes on with the graph's nodes, line after line.
  const std::string& text = images.error().message();
  return InvalidArgumentError("{}", text.substr(0, text.find('\n')));
}

}  // namespace trainyard::train
