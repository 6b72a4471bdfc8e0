/*
 * Tables of models and of embeddings.
 */
#include "api/types.h"

static const char *const encoding_format_names[] = {
    [TREADLE_ENCODING_FLOAT] = "float", [TREADLE_ENCODING_BASE64] = "base64", NULL};

static const struct field treadle_model_fields[] = {
    ROW_STRING(treadle_model, id, .flags = FIELD_REQUIRED, .doc = "The name to ask for."),
    ROW_CONSTANT(treadle_model, object, "model", .doc = "The kind of object."),
    ROW_TIME(treadle_model, created, .doc = "When it was made; 0 where that is not known."),
    ROW_STRING(treadle_model, owned_by, .flags = FIELD_REQUIRED, .doc = "Who offers it."),
    ROW_STRING(treadle_model, shutdown_date, .flags = FIELD_NULLABLE | FIELD_ALWAYS,
               .doc = "When it will be removed."),
};
FIELD_TYPE(treadle_model, "Model", FIELD_OTHERS(treadle_model), .doc = "A model that can be used.");

static const struct field treadle_model_list_fields[] = {
    ROW_CONSTANT(treadle_model_list, object, "list", .doc = "The kind of object."),
    ROW_ARRAY(treadle_model_list, data, data_count, treadle_model, .flags = FIELD_REQUIRED,
              .doc = "The models."),
};
FIELD_TYPE(treadle_model_list, "ListModelsResponse", FIELD_OTHERS(treadle_model_list),
           .doc = "All models.");

/* ---- Embeddings ----------------------------------------------------------------------------- */

#define LIST(most, item)                                                                           \
    "{\"type\":\"array\",\"minItems\":1,\"maxItems\":" most ",\"items\":" item "}"
#define TEXT   "{\"type\":\"string\",\"minLength\":1}"
#define TOKENS LIST("8192", "{\"type\":\"integer\",\"minimum\":0}")
static const struct field treadle_embedding_create_request_fields[] = {
    ROW_RAW(treadle_embedding_create_request, input, .flags = FIELD_REQUIRED,
            .schema =
                "\"anyOf\":[" TEXT "," LIST("2048", TEXT) "," TOKENS "," LIST("2048", TOKENS) "]",
            .doc = "A text, an array of texts, of tokens, or of arrays of tokens; at most 2,048 "
                   "inputs of 8,192 tokens."),
    ROW_STRING(treadle_embedding_create_request, model, .flags = FIELD_REQUIRED, .min = 1,
               .max = 512, .doc = "The model."),
    ROW_ENUM(treadle_embedding_create_request, encoding_format, encoding_format,
             .doc = "float gives arrays of numbers, base64 little-endian 32-bit floats; float."),
    ROW_MAYBE_INTEGER(treadle_embedding_create_request, dimensions, 0, .min = 1, .max = 65536,
                      .doc = "The length of the vectors; the model's own."),
    ROW_STRING(treadle_embedding_create_request, user, .doc = "Who asks, for the model server."),
};
#undef LIST
#undef TEXT
#undef TOKENS
FIELD_TYPE(treadle_embedding_create_request, "CreateEmbeddingRequest",
           .doc = "Asks for texts as vectors.");

static const struct field treadle_embedding_fields[] = {
    ROW_CONSTANT(treadle_embedding, object, "embedding", .doc = "The kind of object."),
    ROW_INTEGER(treadle_embedding, index, .doc = "Which input it is of."),
    ROW_RAW(treadle_embedding, embedding, .flags = FIELD_REQUIRED,
            .schema = "\"anyOf\":[{\"type\":\"array\",\"items\":{\"type\":\"number\"}},"
                      "{\"type\":\"string\"}]",
            .doc = "The vector; base64 where that was asked for."),
};
FIELD_TYPE(treadle_embedding, "Embedding", FIELD_OTHERS(treadle_embedding),
           .doc = "A text as a vector.");

static const struct field treadle_embedding_usage_fields[] = {
    ROW_INTEGER(treadle_embedding_usage, prompt_tokens, .doc = "Tokens of the inputs."),
    ROW_INTEGER(treadle_embedding_usage, total_tokens, .doc = "The same."),
};
static FIELD_TYPE(treadle_embedding_usage, "EmbeddingUsage", FIELD_OTHERS(treadle_embedding_usage),
                  .doc = "The tokens used.");

static const struct field treadle_embedding_list_fields[] = {
    ROW_CONSTANT(treadle_embedding_list, object, "list", .doc = "The kind of object."),
    ROW_ARRAY(treadle_embedding_list, data, data_count, treadle_embedding, .flags = FIELD_REQUIRED,
              .doc = "The vectors, in the order of the inputs."),
    ROW_STRING(treadle_embedding_list, model, .flags = FIELD_REQUIRED,
               .doc = "The model that made them."),
    ROW_STRUCT(treadle_embedding_list, usage, treadle_embedding_usage, .flags = FIELD_REQUIRED,
               .doc = "The tokens used."),
};
FIELD_TYPE(treadle_embedding_list, "CreateEmbeddingResponse", FIELD_OTHERS(treadle_embedding_list),
           .doc = "Texts as vectors.");
