/*
 * Events for people. A state is shown once, though several events have it. Arguments of calls are
 * shown as they come, as long as they come one call after the other; those of a call that is not
 * the last one begun are left out, since a run that waits lists them all.
 */
#include "cli/event_view.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/text.h"
#include "cli/show.h"
#include "cli/step_view.h"
#include "cli/table.h"

enum { LINE_LIMIT = 1 << 20 };

void event_view_init(struct event_view *view, bool color)
{
    memset(view, 0, sizeof *view);
    view->color = color;
    answer_init(&view->answer);
}

void event_view_free(struct event_view *view)
{
    answer_free(&view->answer);
}

/* ---- Pieces of the screen ------------------------------------------------------------------- */

void event_view_break(struct event_view *view)
{
    if (view->at == EVENT_TEXT)
        fputs("\n\n", stdout);
    else if (view->at == EVENT_CALL)
        putchar('\n');
    view->at = EVENT_LINE;
}

static void begin_text(struct event_view *view)
{
    if (view->at == EVENT_TEXT)
        return;
    event_view_break(view);
    putchar('\n');
    view->at = EVENT_TEXT;
}

static void print_line(const char *text)
{
    struct buffer line;
    buffer_init(&line, LINE_LIMIT);
    show_line(&line, text ? text : "?");
    fputs(line.failed ? "…" : line.data ? line.data : "", stdout);
    buffer_clear(&line);
}

static void print_block(struct event_view *view, const char *text)
{
    struct buffer block;
    if (!text || !text[0])
        return;
    begin_text(view);
    buffer_init(&block, (size_t)8 * (strlen(text) + 1));
    show_block(&block, text);
    fputs(block.failed ? "…" : block.data, stdout);
    buffer_clear(&block);
}

static void print_status(const struct event_view *view, const char *status)
{
    status = status ? status : "unknown";
    if (view->color)
        printf("%s%s\033[0m", table_status_color(status), status);
    else
        fputs(status, stdout);
}

static void print_reason(const struct treadle_last_error *error)
{
    if (!error || !error->message)
        return;
    fputs(", ", stdout);
    print_line(error->message);
}

/* ---- Runs ----------------------------------------------------------------------------------- */

static void print_awaited(const struct treadle_run *run)
{
    const struct treadle_submit_tool_outputs *wanted =
        run->required_action ? run->required_action->submit_tool_outputs : NULL;
    for (size_t i = 0; wanted && i < wanted->tool_call_count; i++) {
        const struct treadle_required_tool_call *call = &wanted->tool_calls[i];
        fputs("  waits for the output of ", stdout);
        print_line(call->id);
        fputs(": ", stdout);
        print_line(call->function ? call->function->name : NULL);
        putchar('(');
        print_line(call->function ? call->function->arguments : NULL);
        fputs(")\n", stdout);
    }
}

void event_view_run(struct event_view *view, const struct treadle_run *run)
{
    if (run->status == view->run_status)
        return;
    view->run_status = run->status;
    event_view_break(view);
    print_line(run->id);
    fputs(": ", stdout);
    print_status(view, treadle_run_status_name(run->status));
    print_reason(run->last_error);
    if (run->incomplete_details && run->incomplete_details->reason) {
        fputs(", ", stdout);
        print_line(run->incomplete_details->reason);
    }
    if (run->usage)
        printf(", %" PRId64 " prompt + %" PRId64 " completion = %" PRId64 " tokens",
               run->usage->prompt_tokens, run->usage->completion_tokens, run->usage->total_tokens);
    putchar('\n');
    if (run->status == TREADLE_RUN_REQUIRES_ACTION)
        print_awaited(run);
}

/* ---- Steps ---------------------------------------------------------------------------------- */

static void print_step(struct event_view *view, const struct treadle_run_step *step)
{
    struct buffer calls;
    if (step->status == view->step_status && strcmp(step->id, view->step) == 0)
        return;
    view->step_status = step->status;
    snprintf(view->step, sizeof view->step, "%s", step->id);
    event_view_break(view);
    print_line(step->id);
    putchar(' ');
    print_line(treadle_run_step_type_name(step->type));
    fputs(": ", stdout);
    print_status(view, treadle_run_step_status_name(step->status));
    buffer_init(&calls, LINE_LIMIT);
    if (step->step_details && step->step_details->tool_call_count)
        step_view_describe_calls(&calls, step->step_details,
                                 step->status == TREADLE_STEP_IN_PROGRESS);
    if (calls.length) {
        fputs(", ", stdout);
        print_line(calls.data);
    }
    buffer_clear(&calls);
    print_reason(step->last_error);
    putchar('\n');
}

static void print_function(struct event_view *view, int64_t index,
                           const struct treadle_function_call_delta *function)
{
    if (function->name) {
        event_view_break(view);
        fputs("  ", stdout);
        print_line(function->name);
        putchar(' ');
        view->at = EVENT_CALL;
        view->call = index;
    }
    if (function->arguments && view->at == EVENT_CALL && view->call == index)
        print_line(function->arguments);
}

static void print_code(struct event_view *view,
                       const struct treadle_code_interpreter_call_delta *code)
{
    print_block(view, code->input);
    for (size_t i = 0; i < code->output_count; i++)
        print_block(view, code->outputs[i].logs);
}

static void print_step_piece(struct event_view *view, const struct treadle_run_step_delta *piece)
{
    const struct treadle_step_details_delta *details =
        piece->delta ? piece->delta->step_details : NULL;
    for (size_t i = 0; details && i < details->tool_call_count; i++) {
        const struct treadle_tool_call_delta *call = &details->tool_calls[i];
        if (call->function)
            print_function(view, call->index, call->function);
        else if (call->code_interpreter)
            print_code(view, call->code_interpreter);
    }
}

/* ---- Messages ------------------------------------------------------------------------------- */

static void print_message(struct event_view *view, const struct treadle_event *event)
{
    if (event->type != TREADLE_EVENT_MESSAGE_INCOMPLETE)
        return;
    const struct treadle_incomplete_details *details = event->message->incomplete_details;
    event_view_break(view);
    print_line(event->message->id);
    fputs(": ", stdout);
    print_status(view, "incomplete");
    if (details && details->reason) {
        fputs(", ", stdout);
        print_line(details->reason);
    }
    putchar('\n');
}

static void print_message_piece(struct event_view *view, const struct treadle_message_delta *piece)
{
    struct answer *answer = &view->answer;
    /* A text that begins on a line of its own needs no blank line before it. */
    if (view->at != EVENT_TEXT)
        answer->message[0] = '\0';
    answer_add_piece(answer, piece);
    if (answer->text.length) {
        begin_text(view);
        fputs(answer->text.data, stdout);
    }
    buffer_reset(&answer->text);
}

void event_view_print(struct event_view *view, const struct treadle_event *event)
{
    if (event->run)
        event_view_run(view, event->run);
    else if (event->step)
        print_step(view, event->step);
    else if (event->step_delta)
        print_step_piece(view, event->step_delta);
    else if (event->message)
        print_message(view, event);
    else if (event->message_delta)
        print_message_piece(view, event->message_delta);
}
