/*
 * Scanning messages.
 */
#include "engine/message_scan.h"

#include <string.h>

#include "api/json_scan.h"

/* What is found on the way. */
struct finding {
    struct json_scan scan;
    struct arena *arena;
    struct json_span role, run;
    size_t parts;
    const char *text;
    bool others; /* there is what must be parsed */
};

static void scan_text(struct finding *finding)
{
    struct json_span name, ignored;
    if (!json_scan_enter(&finding->scan, '{'))
        return;
    while (json_scan_name(&finding->scan, &name)) {
        if (json_span_is(&name, "value"))
            finding->text = json_scan_string(&finding->scan, finding->arena);
        else
            json_scan_value(&finding->scan, &ignored);
    }
    json_scan_leave(&finding->scan);
}

static void scan_part(struct finding *finding)
{
    struct json_span name, ignored;
    bool texts = false;
    if (!json_scan_enter(&finding->scan, '{'))
        return;
    while (json_scan_name(&finding->scan, &name)) {
        if (json_span_is(&name, "text")) {
            scan_text(finding);
            texts = true;
        } else {
            json_scan_value(&finding->scan, &ignored);
        }
    }
    finding->others = finding->others || !texts || !finding->text || finding->parts++;
    json_scan_leave(&finding->scan);
}

static void scan_content(struct finding *finding)
{
    if (!json_scan_enter(&finding->scan, '['))
        return;
    while (json_scan_is_more(&finding->scan) && !finding->others)
        scan_part(finding);
    json_scan_leave(&finding->scan);
}

bool message_scan(const char *body, const char *run_id, struct arena *arena,
                  struct message_scan *out)
{
    struct finding finding = {.scan = json_scan_open(body), .arena = arena};
    struct json_span name, value;
    size_t length = strlen(run_id);
    bool content = false;
    while (!finding.others && json_scan_name(&finding.scan, &name)) {
        if (json_span_is(&name, "content")) {
            scan_content(&finding);
            content = true;
        } else if (json_scan_value(&finding.scan, &value)) {
            if (json_span_is(&name, "role"))
                finding.role = value;
            else if (json_span_is(&name, "run_id"))
                finding.run = value;
        }
    }
    if (finding.scan.broken || finding.others || !content || !finding.role.length)
        return false;
    *out = (struct message_scan){
        .user = json_span_is(&finding.role, "\"user\""),
        .of_run =
            finding.run.length == length + 2 && memcmp(finding.run.text + 1, run_id, length) == 0,
        .text = finding.text ? finding.text : "",
    };
    return true;
}
