/*
 * Imports: notes, each with the first ids that it is about.
 */
#include "resource/import_internal.h"

#include <string.h>

#include "base/error.h"

static struct treadle_import_note *find_note(struct import *import, const char *code,
                                             const char *message)
{
    for (size_t i = 0; i < import->note_count; i++)
        if (strcmp(import->notes[i].code, code) == 0)
            return &import->notes[i];
    if (import->note_count == IMPORT_MOST_NOTES)
        return NULL;
    struct treadle_import_note *note = &import->notes[import->note_count];
    *note = (struct treadle_import_note){
        .code = code,
        .message = arena_string(import->report, message),
        .ids = arena_array(import->report, IMPORT_NAMED, sizeof *note->ids),
    };
    if (!note->message || !note->ids)
        return NULL;
    import->note_count++;
    return note;
}

int import_note(struct import *import, const char *code, const char *message, const char *id,
                struct treadle_error *error)
{
    struct treadle_import_note *note = find_note(import, code, message);
    if (!note)
        return error_set_memory(error);
    if (id && note->id_count < IMPORT_NAMED) {
        note->ids[note->id_count] = arena_copy(import->report, id, strnlen(id, IMPORT_LONGEST_ID));
        if (!note->ids[note->id_count])
            return error_set_memory(error);
        note->id_count++;
    }
    note->count++;
    return 0;
}
