#include "local/launch/image.h"

#include <fnmatch.h>

#include "base/files.h"
#include "local/launch/path_text.h"

namespace trainyard::local {
namespace {

struct ImageName {
  std::string_view repository;
  std::string_view tag;
  std::string_view digest;
};

ImageName SplitImage(std::string_view image) {
  ImageName name;
  if (const size_t at = image.find('@'); at != std::string_view::npos) {
    name.digest = image.substr(at + 1);
    image = image.substr(0, at);
  }
  // A colon before the last slash belongs to a port.
  const size_t colon = image.rfind(':');
  if (colon != std::string_view::npos && image.find('/', colon) == std::string_view::npos) {
    name.tag = image.substr(colon + 1);
    image = image.substr(0, colon);
  }
  name.repository = image;
  return name;
}

// How exactly a mapping is meant for this image; 0: not at all.
int Exactness(const ImageName& mapping, const ImageName& image) {
  if (mapping.repository != image.repository) return 0;
  const auto tag = [](const ImageName& name) {
    return name.tag.empty() && name.digest.empty() ? std::string_view("latest") : name.tag;
  };
  const bool names_version = !mapping.tag.empty() || !mapping.digest.empty();
  if (!names_version) return 1;
  if (!mapping.digest.empty() && mapping.digest != image.digest) return 0;
  if (!mapping.tag.empty() && tag(mapping) != tag(image)) return 0;
  return mapping.digest.empty() ? 2 : 3;
}

std::string Base(std::string_view path) { return std::string(path.substr(path.rfind('/') + 1)); }

// The places below the build context that `COPY source target` may have put at `path`.
std::vector<std::string> SourcesOf(std::string_view path, const std::string& source,
                                   const std::string& target) {
  const auto below = PathBelow(path, target);
  if (!below) return {};
  if (below->empty()) return {source};
  // A directory gives its content, a file keeps its name in a directory.
  std::vector<std::string> sources = {source + std::string(*below)};
  const std::string name(below->substr(1));
  if (name.find('/') == std::string::npos && fnmatch(Base(source).c_str(), name.c_str(), 0) == 0) {
    const size_t slash = source.rfind('/');
    sources.push_back(slash == std::string::npos ? name : source.substr(0, slash + 1) + name);
  }
  return sources;
}

}  // namespace

const ImageMapping* FindImageMapping(std::span<const ImageMapping> mappings,
                                     std::string_view image) {
  const ImageMapping* found = nullptr;
  int best = 0;
  for (const ImageMapping& mapping : mappings) {
    const int exactness = Exactness(SplitImage(mapping.image), SplitImage(image));
    if (exactness <= best) continue;
    best = exactness;
    found = &mapping;
  }
  return found;
}

std::optional<std::string> LocalImage::Find(std::string_view path) const {
  if (kind_ != Kind::kDirectory) return std::nullopt;
  const std::string normal = NormalPath(path);
  if (normal == "/") return std::nullopt;
  std::string direct = target_ + normal;
  if (PathExists(direct)) return direct;
  // What was copied last lies on top.
  for (auto copy = config_.copies.rbegin(); copy != config_.copies.rend(); ++copy) {
    for (const std::string& source : SourcesOf(normal, copy->first, copy->second)) {
      const std::string normal_source = NormalPath("/" + source);
      std::string candidate = normal_source == "/" ? target_ : target_ + normal_source;
      // A file that was copied into a directory is not that directory.
      const bool is_right = normal + '/' != copy->second || IsDirectory(candidate);
      if (is_right && PathExists(candidate)) return candidate;
    }
  }
  return std::nullopt;
}

Result<LocalImage> OpenImage(std::string_view image, std::span<const ImageMapping> mappings,
                             const std::string& directory) {
  const ImageMapping* mapping = FindImageMapping(mappings, image);
  if (mapping == nullptr) return LocalImage();
  const std::string target = NormalPath(JoinPath(directory, mapping->target));
  if (!PathExists(target)) {
    return InvalidArgumentError("--map-image {}={}: {} is not there", mapping->image,
                                mapping->target, target);
  }
  if (!IsDirectory(target)) return LocalImage(LocalImage::Kind::kProgram, target, {});
  spec::ImageConfig config;
  const std::string dockerfile = JoinPath(target, "Dockerfile");
  if (PathExists(dockerfile)) {
    ASSIGN_OR_RETURN(const std::string text, ReadFile(dockerfile));
    ASSIGN_OR_RETURN(config, spec::ParseDockerfile(text, dockerfile));
  }
  return LocalImage(LocalImage::Kind::kDirectory, target, std::move(config));
}

Result<std::vector<std::string>> ContainerCommand(const spec::Container& container,
                                                  const LocalImage& image) {
  std::vector<std::string> result = container.command;
  std::vector<std::string> args = container.args;
  if (result.empty() && image.kind() == LocalImage::Kind::kProgram) result = {image.target()};
  if (result.empty()) {
    result = image.config().entrypoint;
    if (args.empty()) args = image.config().command;
  }
  result.insert(result.end(), args.begin(), args.end());
  const bool has_program =
      !container.command.empty() || image.kind() != LocalImage::Kind::kUnmapped;
  if (has_program && !result.empty()) return result;
  if (image.kind() == LocalImage::Kind::kDirectory) {
    return InvalidArgumentError(
        "its container has no command, and {}/Dockerfile has neither ENTRYPOINT nor CMD: add "
        "command: [PROGRAM]",
        image.target());
  }
  const std::string_view repository = SplitImage(container.image).repository;
  return InvalidArgumentError(
      "its container has no command, and what image {} starts is not known here: add --map-image "
      "{}=DIR (with its Dockerfile) or {}=PROGRAM, or command: [PROGRAM]",
      container.image, repository, repository);
}

}  // namespace trainyard::local
