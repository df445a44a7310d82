// Words and their numbers, from a file with one word per line.
//
// The file travels with an exported model, in its assets/. As tf.lookup.StaticVocabularyTable and
// index_to_string_table_from_file.
#pragma once

#include <cstdint>
#include <string>

#include "tf/graph.h"
#include "train/model_builder.h"

namespace trainyard::train {

// The line of each word of the string tensor `words`, from 0: int64, same shape. Words that are not
// in the file become `default_value`. A file that cannot be read fails the session that needs it.
tf::Output VocabularyIds(ModelBuilder& model, const std::string& vocabulary_file,
                         const tf::Output& words, int64_t default_value = -1);

// The word on each line that the int64 tensor `ids` names; `default_value` beyond the last.
tf::Output VocabularyWords(ModelBuilder& model, const std::string& vocabulary_file,
                           const tf::Output& ids, const std::string& default_value = "UNK");

}  // namespace trainyard::train
