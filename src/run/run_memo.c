/*
 * Memos.
 */
#include "run/run_memo.h"

#include <string.h>

void run_memo_put(struct run_memo *memo, const struct treadle_type *type, const void *object,
                  const char *body)
{
    size_t i = 0;
    if (!memo)
        return;
    while (i < RUN_MEMO_KINDS - 1 && memo->items[i].type && memo->items[i].type != type)
        i++;
    memo->items[i].type = type;
    memo->items[i].body = NULL;
    memo->items[i].object = arena_alloc(memo->arena, type->size);
    const char *copy = arena_string(memo->arena, body);
    if (memo->items[i].object && !field_copy(type, object, memo->arena, memo->items[i].object))
        memo->items[i].body = copy;
}

bool run_memo_get(const struct run_memo *memo, const struct treadle_type *type, const char *body,
                  void *out)
{
    for (size_t i = 0; memo && i < RUN_MEMO_KINDS; i++) {
        if (memo->items[i].type == type && memo->items[i].body &&
            strcmp(memo->items[i].body, body) == 0) {
            memcpy(out, memo->items[i].object, type->size);
            return true;
        }
    }
    return false;
}
