// What the reflection services answer, apart from how. Pure but for reading the descriptors that
// are compiled in. Thread-safe: no state.
#pragma once

#include <string>
#include <vector>

#include "base/status.h"

namespace trainyard::serving {

// The serialized FileDescriptorProtos of a file and of all that it imports, each once, the file
// asked for first. NotFound if there is none of that name.
Result<std::vector<std::string>> DescribeFile(const std::string& name);
// The same for the file that defines a service, method, message or field, by its full name.
Result<std::vector<std::string>> DescribeSymbol(const std::string& symbol);
// The numbers of the extensions of a message that are known. NotFound if there is no such message.
Result<std::vector<int>> ExtensionNumbers(const std::string& message);
// The file that defines an extension, as above.
Result<std::vector<std::string>> DescribeExtension(const std::string& message, int number);

}  // namespace trainyard::serving
