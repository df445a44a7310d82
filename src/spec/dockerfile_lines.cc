#include "spec/dockerfile_lines.h"

#include <algorithm>
#include <cctype>
#include <optional>

namespace trainyard::spec {
namespace {

constexpr std::string_view kBlanks = " \t\r\f\v";

std::string_view TrimLeft(std::string_view text) {
  return text.substr(std::min(text.find_first_not_of(kBlanks), text.size()));
}

std::string_view Trim(std::string_view text) {
  text = TrimLeft(text);
  return text.substr(0, text.find_last_not_of(kBlanks) + 1);
}

// Hands out physical lines and counts them.
class LineSource {
 public:
  explicit LineSource(std::string_view text) : rest_(text) {
    if (rest_.starts_with("\xef\xbb\xbf")) rest_.remove_prefix(3);
  }
  std::optional<std::string_view> Next() {
    if (rest_.empty()) return std::nullopt;
    const size_t end = rest_.find('\n');
    std::string_view line = rest_.substr(0, end);
    rest_ = end == std::string_view::npos ? std::string_view() : rest_.substr(end + 1);
    if (line.ends_with('\r')) line.remove_suffix(1);
    ++number_;
    return line;
  }
  int number() const { return number_; }

 private:
  std::string_view rest_;
  int number_ = 0;
};

// Cuts the escape character off a line that goes on; a doubled one does not count.
bool CutContinuation(char escape, std::string_view* line) {
  const std::string_view trimmed = line->substr(0, line->find_last_not_of(kBlanks) + 1);
  if (!trimmed.ends_with(escape)) return false;
  if (trimmed.size() > 1 && trimmed[trimmed.size() - 2] == escape) return false;
  *line = trimmed.substr(0, trimmed.size() - 1);
  return true;
}

struct Directive {
  std::string name;
  std::string_view value;
};

// `# name=value`, as it may stand before everything else.
std::optional<Directive> ParseDirective(std::string_view comment) {
  comment = Trim(comment.substr(1));
  const size_t equals = comment.find('=');
  if (equals == std::string_view::npos) return std::nullopt;
  Directive directive{.name = std::string(Trim(comment.substr(0, equals))),
                      .value = Trim(comment.substr(equals + 1))};
  for (char& c : directive.name) c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  if (directive.name == "escape" || directive.name == "syntax" || directive.name == "check") {
    return directive;
  }
  return std::nullopt;
}

struct HereDocument {
  std::string end;
  bool strips_tabs = false;
};

// The words <<END, <<-END and <<"END" outside of quotes, in their order.
std::vector<HereDocument> FindHereDocuments(std::string_view text) {
  std::vector<HereDocument> found;
  char quote = 0;
  for (size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    if (quote != 0) {
      if (c == quote) quote = 0;
      continue;
    }
    if (c == '"' || c == '\'') quote = c;
    const bool starts_word = i == 0 || kBlanks.find(text[i - 1]) != std::string_view::npos;
    if (!starts_word || !text.substr(i).starts_with("<<")) continue;
    HereDocument document;
    i += 2;
    if (i < text.size() && text[i] == '-') {
      document.strips_tabs = true;
      ++i;
    }
    for (; i < text.size() && kBlanks.find(text[i]) == std::string_view::npos; ++i) {
      if (text[i] != '"' && text[i] != '\'') document.end.push_back(text[i]);
    }
    const bool is_word = !document.end.empty() && document.end.find('<') == std::string::npos;
    if (is_word) found.push_back(std::move(document));
  }
  return found;
}

class Splitter {
 public:
  Splitter(std::string_view text, std::string_view file_name)
      : lines_(text), file_name_(file_name) {}

  Result<DockerfileLines> Run() {
    bool may_be_directive = true;
    while (const std::optional<std::string_view> line = lines_.Next()) {
      const std::string_view text = TrimLeft(*line);
      if (text.starts_with('#')) {
        const auto directive = may_be_directive ? ParseDirective(text) : std::nullopt;
        may_be_directive = directive.has_value();
        if (directive && directive->name == "escape") {
          if (directive->value != "\\" && directive->value != "`") {
            return InvalidArgumentError("{}:{}: expected escape=\\ or escape=`", file_name_,
                                        lines_.number());
          }
          result_.escape = directive->value.front();
        }
        continue;
      }
      may_be_directive = false;
      if (!text.empty()) RETURN_IF_ERROR(TakeInstruction(text));
    }
    return std::move(result_);
  }

 private:
  Status TakeInstruction(std::string_view line) {
    Instruction instruction;
    instruction.line = lines_.number();
    std::string joined;
    bool goes_on = CutContinuation(result_.escape, &line);
    joined = line;
    while (goes_on) {
      const std::optional<std::string_view> next = lines_.Next();
      if (!next) break;
      const std::string_view trimmed = TrimLeft(*next);
      // Comments and empty lines do not end what they stand in.
      if (trimmed.empty() || trimmed.starts_with('#')) continue;
      line = *next;
      goes_on = CutContinuation(result_.escape, &line);
      joined += line;
    }
    const std::string_view text = Trim(joined);
    const size_t end = text.find_first_of(kBlanks);
    instruction.keyword = text.substr(0, end);
    for (char& c : instruction.keyword) {
      c = static_cast<char>(std::toupper(static_cast<unsigned char>(c)));
    }
    if (end != std::string_view::npos) instruction.rest = Trim(text.substr(end));
    const std::string& keyword = instruction.keyword;
    if (keyword == "RUN" || keyword == "COPY" || keyword == "ADD") {
      RETURN_IF_ERROR(SkipHereDocuments(instruction));
    }
    result_.instructions.push_back(std::move(instruction));
    return OkStatus();
  }

  Status SkipHereDocuments(const Instruction& instruction) {
    for (const HereDocument& document : FindHereDocuments(instruction.rest)) {
      while (true) {
        std::optional<std::string_view> line = lines_.Next();
        if (!line) {
          return InvalidArgumentError("{}:{}: the here-document <<{} does not end", file_name_,
                                      instruction.line, document.end.substr(0, 60));
        }
        if (document.strips_tabs) {
          *line = line->substr(std::min(line->find_first_not_of('\t'), line->size()));
        }
        if (*line == document.end) break;
      }
    }
    return OkStatus();
  }

  LineSource lines_;
  std::string_view file_name_;
  DockerfileLines result_;
};

}  // namespace

Result<DockerfileLines> SplitDockerfile(std::string_view text, std::string_view file_name) {
  return Splitter(text, file_name).Run();
}

}  // namespace trainyard::spec
