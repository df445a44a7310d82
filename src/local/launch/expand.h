// Kubernetes' variable references: $(NAME) in a container's command, args and env.
#pragma once

#include <map>
#include <string>
#include <string_view>

namespace trainyard::local {

using Environment = std::map<std::string, std::string, std::less<>>;

// Replaces $(NAME) by the variable's value. A name that is not there stays as it is written, and
// $$(NAME) gives a literal $(NAME), as in Kubernetes (third_party/forked/golang/expansion). Pure.
std::string ExpandVariables(std::string_view text, const Environment& variables);

}  // namespace trainyard::local
