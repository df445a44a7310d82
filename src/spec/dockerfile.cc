#include "spec/dockerfile.h"

#include <algorithm>
#include <array>
#include <cctype>
#include <optional>

#include "base/files.h"
#include "spec/dockerfile_lines.h"
#include "spec/dockerfile_words.h"
#include "spec/reader.h"

namespace trainyard::spec {
namespace {

using Words = std::vector<std::string>;
using Values = std::map<std::string, std::string, std::less<>>;

constexpr std::string_view kKeywords[] = {
    "ADD",    "ARG",   "CMD",         "COPY",  "ENTRYPOINT", "ENV",
    "EXPOSE", "FROM",  "HEALTHCHECK", "LABEL", "MAINTAINER", "ONBUILD",
    "RUN",    "SHELL", "STOPSIGNAL",  "USER",  "VOLUME",     "WORKDIR"};
constexpr size_t kMaxBytes = 1 << 20;
// What variables and paths may add up to over a whole file: a few lines could double them for ever.
constexpr size_t kMaxExpanded = 4 << 20;
// What Docker sets when the base image does not.
constexpr std::string_view kDefaultPath =
    "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

// A place in the image, seen from a folder there.
std::string PlaceOf(std::string_view folder, std::string_view path) {
  return NormalPath(path.starts_with('/') ? std::string(path) : fmt::format("{}/{}", folder, path));
}

std::string Lowered(std::string_view text) {
  std::string result(text);
  for (char& c : result) c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  return result;
}

// One build stage as far as it has been read.
struct Stage {
  ImageConfig image;
  Words shell = {"/bin/sh", "-c"};
  Values args;           // ARG, set here
  bool has_cmd = false;  // of its own
};

// Carries the instructions out, one after the other.
class Interpreter {
 public:
  explicit Interpreter(char escape) : escape_(escape) {}

  Status Run(const Instruction& instruction) {
    const std::string& keyword = instruction.keyword;
    const std::string& rest = instruction.rest;
    if (std::find(std::begin(kKeywords), std::end(kKeywords), keyword) == std::end(kKeywords)) {
      return Unknown(keyword);
    }
    if (rest.empty()) return InvalidArgumentError("{} needs an argument", keyword);
    if (keyword == "FROM") return From(rest);
    if (keyword == "ARG") return Arg(rest);
    if (!stage_) return InvalidArgumentError("{} stands before the first FROM", keyword);
    if (keyword == "ENV") return Env(rest);
    if (keyword == "WORKDIR") return WorkDir(rest);
    if (keyword == "COPY" || keyword == "ADD") return Copy(keyword, rest);
    if (keyword == "SHELL") return Shell(rest);
    if (keyword == "CMD") {
      stage_->image.command = ToCommand(rest);
      stage_->has_cmd = true;
    } else if (keyword == "ENTRYPOINT") {
      stage_->image.entrypoint = ToCommand(rest);
      // A CMD of the image built on was meant for that image's ENTRYPOINT.
      if (!stage_->has_cmd) stage_->image.command.clear();
    }
    return OkStatus();
  }

  Result<ImageConfig> Finish() {
    if (!stage_) return InvalidArgumentError("no FROM: this is not a Dockerfile");
    return std::move(stage_->image);
  }

 private:
  static Status Unknown(const std::string& keyword) {
    const std::string_view nearest = NearestWord(keyword, kKeywords);
    return InvalidArgumentError("unknown instruction \"{}\"{}", keyword.substr(0, 60),
                                nearest.empty() ? "" : fmt::format("; did you mean {}?", nearest));
  }

  std::optional<std::string> Find(std::string_view name) const {
    if (!stage_) {
      const auto global = global_args_.find(name);
      return global == global_args_.end() ? std::nullopt : std::optional(global->second);
    }
    // An ENV hides an ARG of its name.
    const auto variable = stage_->image.env.find(std::string(name));
    if (variable != stage_->image.env.end()) return variable->second;
    const auto arg = stage_->args.find(name);
    if (arg != stage_->args.end()) return arg->second;
    if (name == "PATH") return std::string(kDefaultPath);
    return std::nullopt;
  }

  Result<std::string> Expand(std::string_view word) {
    ASSIGN_OR_RETURN(std::string value, ExpandWord(word, escape_, [this](std::string_view name) {
                       return Find(name);
                     }));
    RETURN_IF_ERROR(Charge(value.size()));
    return value;
  }

  Status Charge(size_t bytes) {
    expanded_bytes_ += bytes;
    if (expanded_bytes_ <= kMaxExpanded) return OkStatus();
    return InvalidArgumentError("variables and paths grow too long");
  }

  Status ChargeImage(const ImageConfig& image) {
    size_t bytes = image.working_dir.size();
    for (const auto& [name, value] : image.env) bytes += name.size() + value.size();
    for (const auto& [source, place] : image.copies) bytes += source.size() + place.size();
    return Charge(bytes);
  }

  // FROM [--platform=...] image [AS name]
  Status From(const std::string& rest) {
    Words words = SplitWords(rest);
    std::erase_if(words, [](const std::string& word) { return word.starts_with("--"); });
    const bool has_name = words.size() == 3 && Lowered(words[1]) == "as";
    if (words.size() != 1 && !has_name) {
      return InvalidArgumentError("expected FROM image, or FROM image AS name");
    }
    if (stage_ && !stage_name_.empty()) stages_[stage_name_] = std::move(stage_->image);
    stage_.reset();  // so that only ARGs before the first FROM count
    ASSIGN_OR_RETURN(const std::string base, Expand(words[0]));
    stage_.emplace();
    if (const auto found = stages_.find(Lowered(base)); found != stages_.end()) {
      RETURN_IF_ERROR(ChargeImage(found->second));
      stage_->image = found->second;
    }
    stage_name_ = has_name ? Lowered(words[2]) : "";
    return OkStatus();
  }

  // ARG NAME[=default] ...
  Status Arg(const std::string& rest) {
    for (const std::string& word : SplitQuotedWords(rest, escape_)) {
      const size_t equals = word.find('=');
      const std::string name = word.substr(0, equals);
      if (equals != std::string::npos) {
        ASSIGN_OR_RETURN(std::string value, Expand(std::string_view(word).substr(equals + 1)));
        (stage_ ? stage_->args : global_args_)[name] = std::move(value);
      } else if (const auto global = global_args_.find(name);
                 stage_ && global != global_args_.end()) {
        stage_->args[name] = global->second;
      }
    }
    return OkStatus();
  }

  // ENV NAME=value ..., or the old form ENV NAME value with spaces.
  Status Env(const std::string& rest) {
    const Words words = SplitQuotedWords(rest, escape_);
    std::vector<std::pair<std::string, std::string>> added;
    if (words.front().find('=') == std::string::npos) {
      const size_t value = rest.find_first_not_of(" \t", words.front().size());
      if (value == std::string::npos) return InvalidArgumentError("expected ENV name=value");
      ASSIGN_OR_RETURN(std::string expanded, Expand(std::string_view(rest).substr(value)));
      added.emplace_back(words.front(), std::move(expanded));
    } else {
      for (const std::string& word : words) {
        const size_t equals = word.find('=');
        if (equals == std::string::npos || equals == 0) {
          return InvalidArgumentError("expected ENV name=value, found \"{}\"", word.substr(0, 60));
        }
        ASSIGN_OR_RETURN(std::string expanded, Expand(std::string_view(word).substr(equals + 1)));
        added.emplace_back(word.substr(0, equals), std::move(expanded));
      }
    }
    // Only now: one instruction's values do not see each other.
    for (auto& [name, value] : added) stage_->image.env[name] = std::move(value);
    return OkStatus();
  }

  Status WorkDir(const std::string& rest) {
    ASSIGN_OR_RETURN(const std::string path, Expand(rest));
    stage_->image.working_dir = PlaceOf(stage_->image.working_dir, path);
    return Charge(stage_->image.working_dir.size());
  }

  // COPY [--flag=value] source ... place, or as a JSON list.
  Status Copy(const std::string& keyword, const std::string& rest) {
    std::string_view text = rest;
    bool from_elsewhere = false;
    while (text.starts_with("--")) {
      const size_t end = std::min(text.find_first_of(" \t"), text.size());
      from_elsewhere |= text.substr(0, end).starts_with("--from=");
      text.remove_prefix(std::min(text.find_first_not_of(" \t", end), text.size()));
    }
    Words words = ParseStringList(text).value_or(Words());
    if (words.empty()) words = SplitWords(text);
    if (words.size() < 2) {
      return InvalidArgumentError("expected {} source ... place", keyword);
    }
    for (std::string& word : words) {
      ASSIGN_OR_RETURN(word, Expand(word));
    }
    if (from_elsewhere) return OkStatus();
    const std::string place = words.back();
    words.pop_back();
    const bool is_folder = place.ends_with('/') || place == "." || place.ends_with("/.") ||
                           place == ".." || place.ends_with("/..") || words.size() > 1;
    std::string target = PlaceOf(stage_->image.working_dir, place);
    if (is_folder && target != "/") target += '/';
    for (const std::string& source : words) {
      const bool is_local = source.find("://") == std::string::npos &&
                            !source.starts_with("git@") && !source.starts_with("<<");
      if (!is_local) continue;
      RETURN_IF_ERROR(Charge(target.size()));
      const std::string clean = NormalPath(source).substr(1);
      stage_->image.copies.emplace_back(clean.empty() ? "." : clean, target);
    }
    return OkStatus();
  }

  Status Shell(const std::string& rest) {
    std::optional<Words> words = ParseStringList(rest);
    if (!words || words->empty()) {
      return InvalidArgumentError("expected SHELL [\"program\", \"argument\"]");
    }
    stage_->shell = *std::move(words);
    return OkStatus();
  }

  Words ToCommand(const std::string& rest) const {
    if (std::optional<Words> words = ParseStringList(rest)) return *std::move(words);
    Words command = stage_->shell;
    command.push_back(rest);
    return command;
  }

  char escape_;
  Values global_args_;  // ARGs before the first FROM
  std::optional<Stage> stage_;
  std::string stage_name_;
  std::map<std::string, ImageConfig> stages_;  // those that have a name
  size_t expanded_bytes_ = 0;
};

}  // namespace

Result<ImageConfig> ParseDockerfile(std::string_view text, std::string_view file_name) {
  if (text.size() > kMaxBytes) {
    return InvalidArgumentError("{}: the file is too large: {} bytes, at most {} are read",
                                file_name, text.size(), kMaxBytes);
  }
  ASSIGN_OR_RETURN(const DockerfileLines lines, SplitDockerfile(text, file_name));
  Interpreter interpreter(lines.escape);
  for (const Instruction& instruction : lines.instructions) {
    if (Status status = interpreter.Run(instruction); !status.ok()) {
      return status.WithContext(fmt::format("{}:{}", file_name, instruction.line));
    }
  }
  Result<ImageConfig> image = interpreter.Finish();
  if (!image.ok()) return image.status().WithContext(file_name);
  return image;
}

}  // namespace trainyard::spec
