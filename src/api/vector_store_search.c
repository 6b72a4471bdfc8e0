/*
 * Tables of searches in vector stores.
 */
#include "api/types.h"

static const char *const search_ranker_names[] = {[TREADLE_RANKER_NONE] = "none",
                                                  [TREADLE_RANKER_AUTO] = "auto",
                                                  [TREADLE_RANKER_2024_11_15] =
                                                      "default-2024-11-15",
                                                  NULL};

static const struct field treadle_vector_store_search_ranking_fields[] = {
    ROW_ENUM(treadle_vector_store_search_ranking, ranker, search_ranker,
             .doc = "How results are ranked; all values rank the same."),
    ROW_MAYBE_NUMBER(treadle_vector_store_search_ranking, score_threshold, 0, .min = 0, .max = 1,
                     .doc = "Results that score less are dropped."),
};
static FIELD_TYPE(treadle_vector_store_search_ranking, "VectorStoreSearchRequest.ranking_options",
                  FIELD_OTHERS(treadle_vector_store_search_ranking),
                  .doc = "How results of a search are ranked.");

static const struct field treadle_vector_store_search_request_fields[] = {
    ROW_RAW(treadle_vector_store_search_request, query, .flags = FIELD_REQUIRED,
            .schema = "\"anyOf\":[{\"type\":\"string\"},{\"type\":\"array\",\"items\":"
                      "{\"type\":\"string\",\"minLength\":1}}]",
            .doc = "What to look for: a text, or several."),
    ROW_MAYBE_BOOLEAN(treadle_vector_store_search_request, rewrite_query, 0,
                      .doc = "Whether to search for the important words of the query alone."),
    ROW_MAYBE_INTEGER(treadle_vector_store_search_request, max_num_results, 0, .min = 1, .max = 50,
                      .doc = "The most results of a page; 10 where it is absent."),
    ROW_RAW(treadle_vector_store_search_request, filters, .schema = "\"type\":\"object\"",
            .doc = "What the attributes of files must be: {type, key, value}, or {type, filters}."),
    ROW_STRUCT(treadle_vector_store_search_request, ranking_options,
               treadle_vector_store_search_ranking, .doc = "How results are ranked."),
    ROW_STRING(treadle_vector_store_search_request, page, .flags = FIELD_OWN, .max = 16,
               .doc = "Treadle's own: next_page of the page before."),
};
FIELD_TYPE(treadle_vector_store_search_request, "VectorStoreSearchRequest",
           .doc = "Searches the files of a vector store.");

static const struct field treadle_vector_store_search_result_fields[] = {
    ROW_STRING(treadle_vector_store_search_result, file_id, .flags = FIELD_REQUIRED,
               .doc = "The file."),
    ROW_STRING(treadle_vector_store_search_result, filename, .flags = FIELD_REQUIRED,
               .doc = "Its name."),
    ROW_NUMBER(treadle_vector_store_search_result, score, .min = 0, .max = 1,
               .doc = "How much of the query it answers, 0 to 1."),
    ROW_ATTRIBUTES(treadle_vector_store_search_result, attributes,
                   .flags = FIELD_REQUIRED | FIELD_NULLABLE,
                   .doc = "The file's attributes in the vector store."),
    ROW_ARRAY(treadle_vector_store_search_result, content, content_count, treadle_search_content,
              .flags = FIELD_REQUIRED, .doc = "The chunk's text."),
    ROW_MAYBE_INTEGER(treadle_vector_store_search_result, page, FIELD_OWN,
                      .doc = "Treadle's own: the page on which the best passage begins."),
    ROW_MAYBE_INTEGER(treadle_vector_store_search_result, last_page, FIELD_OWN,
                      .doc = "Treadle's own: the page on which it ends."),
    ROW_STRING(treadle_vector_store_search_result, page_label, .flags = FIELD_OWN,
               .doc = "Treadle's own: what the first of these pages calls itself where that is not "
                      "its number, as \"iv\"."),
    ROW_STRING(treadle_vector_store_search_result, heading, .flags = FIELD_OWN,
               .doc = "Treadle's own: the headings above it."),
    ROW_MAYBE_INTEGER(treadle_vector_store_search_result, start_index, FIELD_OWN,
                      .doc = "Treadle's own: its first character in the text."),
    ROW_MAYBE_INTEGER(treadle_vector_store_search_result, end_index, FIELD_OWN,
                      .doc = "Treadle's own: the character after it."),
};
static FIELD_TYPE(treadle_vector_store_search_result, "VectorStoreSearchResultItem",
                  FIELD_OTHERS(treadle_vector_store_search_result),
                  .doc = "A chunk that was found.");

static const struct field treadle_vector_store_search_page_fields[] = {
    ROW_CONSTANT(treadle_vector_store_search_page, object, "vector_store.search_results.page",
                 .doc = "The kind of object."),
    ROW_STRINGS(treadle_vector_store_search_page, search_query, search_query_count,
                .flags = FIELD_REQUIRED, .doc = "What was looked for."),
    ROW_ARRAY(treadle_vector_store_search_page, data, data_count,
              treadle_vector_store_search_result, .flags = FIELD_REQUIRED,
              .doc = "The chunks, best first."),
    ROW_BOOLEAN(treadle_vector_store_search_page, has_more, .doc = "Whether there are more."),
    ROW_STRING(treadle_vector_store_search_page, next_page,
               .flags = FIELD_REQUIRED | FIELD_NULLABLE,
               .doc = "What to send as `page` for the next ones."),
};
FIELD_TYPE(treadle_vector_store_search_page, "VectorStoreSearchResultsPage",
           .doc = "What a search found.");
