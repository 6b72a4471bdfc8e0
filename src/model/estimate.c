/*
 * Estimates. Learning is the normalised least mean squares rule: one step along the counts.
 */
#include "model/estimate.h"

#include <math.h>
#include <string.h>

#include "model/model.h"

static const double step = 0.5, least_factor = 0.3, largest_factor = 8;

const struct estimate_scale estimate_plain = {{1, 1, 1, 1, 1, 1, 1, 1, 1}};
_Static_assert(ESTIMATE_CLASSES == 9, "estimate_plain has a factor for each class");

/* Rounded up, so that texts of one token are not lost. */
static void add_text(struct estimate *estimate, const char *text)
{
    double counts[LANGUAGE_TOKEN_CLASSES] = {0}, tokens = 0;
    if (!text)
        return;
    language_count_tokens(text, strlen(text), counts);
    for (size_t i = 0; i < LANGUAGE_TOKEN_CLASSES; i++) {
        tokens += counts[i];
        estimate->counts[i] += counts[i];
    }
    estimate->counts[LANGUAGE_TOKENS_SIGNS] += ceil(tokens) - tokens;
}

static void add_frame(struct estimate *estimate, int64_t tokens)
{
    estimate->counts[ESTIMATE_FRAME] += (double)tokens;
}

/* Images within a message's content. A string that holds the same word has a backslash before its
 * quotation marks. */
static int64_t count_images(const char *content)
{
    static const char name[] = "\"image_url\"";
    int64_t count = 0;
    for (const char *at = content; at && (at = strstr(at, name));) {
        at += sizeof name - 1;
        count += at[strspn(at, " \t\r\n")] == ':';
    }
    return count;
}

static void add_passage(struct estimate *estimate, const struct model_passage *passage)
{
    add_frame(estimate, MODEL_PASSAGE_TOKENS);
    add_text(estimate, passage->marker);
    add_text(estimate, passage->filename);
    add_text(estimate, passage->heading);
    add_text(estimate, passage->text);
}

struct estimate estimate_message(const struct model_message *message)
{
    struct estimate estimate = {{0}};
    add_frame(&estimate,
              MODEL_MESSAGE_TOKENS + MODEL_IMAGE_TOKENS * count_images(message->content));
    add_text(&estimate, message->text);
    add_text(&estimate, message->name);
    for (size_t i = 0; i < message->call_count; i++) {
        add_frame(&estimate, MODEL_MESSAGE_TOKENS);
        add_text(&estimate, message->calls[i].name);
        add_text(&estimate, message->calls[i].arguments);
    }
    for (size_t i = 0; i < message->passage_count; i++)
        add_passage(&estimate, &message->passages[i]);
    return estimate;
}

struct estimate estimate_frame(const struct model_request *request)
{
    struct estimate estimate = {{0}};
    add_frame(&estimate, MODEL_REPLY_TOKENS);
    for (size_t i = 0; i < request->tool_count; i++) {
        add_frame(&estimate, MODEL_MESSAGE_TOKENS);
        add_text(&estimate, request->tools[i].name);
        add_text(&estimate, request->tools[i].description);
        add_text(&estimate, request->tools[i].parameters);
    }
    return estimate;
}

void estimate_add(struct estimate *sum, const struct estimate *more)
{
    for (size_t i = 0; i < ESTIMATE_CLASSES; i++)
        sum->counts[i] += more->counts[i];
}

struct estimate estimate_request(const struct model_request *request)
{
    struct estimate sum = estimate_frame(request);
    for (size_t i = 0; i < request->message_count; i++) {
        const struct estimate one = estimate_message(&request->messages[i]);
        estimate_add(&sum, &one);
    }
    return sum;
}

void estimate_remove(struct estimate *sum, const struct estimate *less)
{
    for (size_t i = 0; i < ESTIMATE_CLASSES; i++)
        sum->counts[i] -= less->counts[i];
}

int64_t estimate_tokens(const struct estimate *estimate, const struct estimate_scale *scale)
{
    double tokens = 0;
    for (size_t i = 0; i < ESTIMATE_CLASSES; i++)
        tokens += estimate->counts[i] * scale->factors[i];
    return (int64_t)ceil(tokens);
}

void estimate_learn(struct estimate_scale *scale, const struct estimate *estimate, int64_t counted)
{
    double square = 0, off = (double)(counted - estimate_tokens(estimate, scale));
    for (size_t i = 0; i < ESTIMATE_CLASSES; i++)
        square += estimate->counts[i] * estimate->counts[i];
    for (size_t i = 0; square > 0 && i < ESTIMATE_CLASSES; i++) {
        double factor = scale->factors[i] + step * off * estimate->counts[i] / square;
        scale->factors[i] = fmin(fmax(factor, least_factor), largest_factor);
    }
}
