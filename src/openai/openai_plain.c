/*
 * Requests for models that cannot call tools: what tools gave in the run stands before the user's
 * last message, in words, and no call is shown.
 *
 * Small models read every token slowly and understand few of them, so a passage has its file and
 * page, and no marker: they repeat none, and Treadle finds the citations itself.
 */
#include <string.h>

#include "openai/openai_request.h"

static const char before_passages[] = "Read these passages of the user's files:\n";
static const char nothing_found[] = "The user's files have no passage about this.\n";
static const char before_question[] = "\nAnswer from the passages, in your own words:\n";

size_t openai_plain_question(const struct model_request *request)
{
    size_t i = request->message_count;
    while (i > 0 && request->messages[i - 1].role != MODEL_USER)
        i--;
    return i ? i - 1 : request->message_count;
}

bool openai_plain_shows(const struct model_message *message)
{
    return message->role != MODEL_TOOL && !(message->call_count && !message->text);
}

static void print_passage(const struct model_passage *passage, struct buffer *out)
{
    int page = passage->page_count ? passage->pages[0].page : 0;
    buffer_append_format(out, "\n[%s", passage->filename ? passage->filename : "a file");
    if (page > 0)
        buffer_append_format(out, ", page %d", page);
    if (passage->heading && passage->heading[0])
        buffer_append_format(out, ", under \"%s\"", passage->heading);
    buffer_append_format(out, "]\n%s\n", passage->text ? passage->text : "");
}

void openai_plain_print_results(const struct model_request *request, struct buffer *out)
{
    bool searched = false, found = false;
    for (size_t i = 0; i < request->message_count; i++) {
        const struct model_message *message = &request->messages[i];
        if (message->role != MODEL_TOOL)
            continue;
        if (message->text)
            buffer_append_format(out, "A tool returned:\n%s\n\n", message->text);
        searched = searched || !message->text;
        for (size_t j = 0; j < message->passage_count; j++) {
            if (!found)
                buffer_append_string(out, before_passages);
            found = true;
            print_passage(&message->passages[j], out);
        }
    }
    if (found)
        buffer_append_string(out, before_question);
    else if (searched)
        buffer_append_format(out, "%s\n", nothing_found);
}
