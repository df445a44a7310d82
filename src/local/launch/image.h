// The image of a container as far as this machine has it: `--map-image IMAGE=DIR|PROGRAM`.
//
// A directory is looked at in two ways: as the image's file system (DIR/app/main.py is
// /app/main.py), and as what the image was built from (with `COPY main.py /app/main.py` in
// DIR/Dockerfile, DIR/main.py is /app/main.py, too). Reads the file system; changes nothing.
// Thread-safe.
//
//   ASSIGN_OR_RETURN(const LocalImage image, OpenImage("me/mnist:1.0", mappings, directory));
//   image.Find("/app/main.py")  // "/home/me/mnist/main.py"
#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/status.h"
#include "local/launch/launch_options.h"
#include "spec/dockerfile.h"
#include "spec/pod.h"

namespace trainyard::local {

// The mapping for an image; null if there is none. A mapping that names a tag or digest is for it
// alone, one without for all; the more exact one wins. An image "x" is "x:latest". Pure.
const ImageMapping* FindImageMapping(std::span<const ImageMapping> mappings,
                                     std::string_view image);

class LocalImage {
 public:
  enum class Kind { kUnmapped, kDirectory, kProgram };

  LocalImage() = default;
  LocalImage(Kind kind, std::string target, spec::ImageConfig config)
      : kind_(kind), target_(std::move(target)), config_(std::move(config)) {}

  Kind kind() const { return kind_; }
  const std::string& target() const { return target_; }  // absolute; of the directory or program
  const spec::ImageConfig& config() const { return config_; }

  // What this machine has for an absolute path of the image: a file or directory that exists.
  std::optional<std::string> Find(std::string_view path) const;

 private:
  Kind kind_ = Kind::kUnmapped;
  std::string target_{};
  spec::ImageConfig config_{};
};

// `directory` is where relative targets are looked for. InvalidArgument if the target is not there
// or its Dockerfile cannot be read; an image without a mapping is kUnmapped.
Result<LocalImage> OpenImage(std::string_view image, std::span<const ImageMapping> mappings,
                             const std::string& directory);

// Program and arguments of the container, as it would be in its image: command and args of the
// file, with ENTRYPOINT and CMD in the places that it leaves open. InvalidArgument if nothing says
// what is to be started, with a way out. Pure.
Result<std::vector<std::string>> ContainerCommand(const spec::Container& container,
                                                  const LocalImage& image);

}  // namespace trainyard::local
