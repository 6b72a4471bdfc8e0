/*
 * Questions: from a question's text to the terms that are looked up.
 */
#ifndef SEARCH_QUESTION_H
#define SEARCH_QUESTION_H

#include "search/rank.h"

enum { QUESTION_LANGUAGES = 4 };

/* Adds the question's units and terms, as they are in each of the languages, to an empty query.
 * Stopwords are left out unless there is nothing else. Only the first words of a very long text
 * are looked at. The terms live in the arena. */
int search_question(struct rank_query *query, const char *text, const char *const *languages,
                    size_t language_count, struct arena *arena, struct treadle_error *error);

#endif
