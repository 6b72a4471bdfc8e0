/*
 * treadle schema: the server's API as an OpenAPI document.
 */
#include "api/description.h"
#include "api/json.h"
#include "base/buffer.h"
#include "cli/cli.h"
#include "cli/json.h"
#include "cli/options.h"

enum { LARGEST_DOCUMENT = 16 << 20 };

static const struct option_form schema_form = {
    .command = "schema",
    .usage = "",
    .doc = "Prints an OpenAPI 3.1 description of every operation and object of this version.\n"
           "What the published Assistants API does not have is marked x-treadle-extension.",
};

int cmd_schema(int argc, char **argv)
{
    struct options options;
    struct buffer text;
    int status = options_parse(&schema_form, argc, argv, NULL, &options);
    if (status >= 0)
        return status;
    buffer_init(&text, LARGEST_DOCUMENT);
    if (options.operand_count) {
        status = options_usage("schema", "'%s' is one argument too many", options.operands[0]);
    } else {
        description_print(TREADLE_VERSION, &text);
        json_t *document = NULL;
        if (!text.failed)
            json_read(text.data, text.length, JSON_READ_STRICT, &document, NULL);
        status = cli_finish(json_show(document));
        json_decref(document);
    }
    buffer_clear(&text);
    options_free(&options);
    return status;
}
