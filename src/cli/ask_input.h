/*
 * The files that ask was given: checked before anything is sent, and distinguished by their
 * content.
 */
#ifndef CLI_ASK_INPUT_H
#define CLI_ASK_INPUT_H

#include <stddef.h>
#include <stdint.h>

/* The most files of one vector store at its creation. */
enum { ASK_FILES = 500, ASK_DIGEST_SIZE = 65 };

struct ask_file {
    const char *path;
    char *name;                   /* to upload it by: UTF-8 without control characters */
    char digest[ASK_DIGEST_SIZE]; /* SHA-256 of its content, in hexadecimal */
};

struct ask_input {
    struct ask_file *files;
    size_t count;
    char digest[ASK_DIGEST_SIZE]; /* of all contents and names, in any order */
};

/* Reads every file. Complains of each that is missing, empty, no file or unreadable and then
 * returns a negative code. A file given twice counts once. */
int ask_input_read(char *const *paths, size_t count, struct ask_input *out);
void ask_input_free(struct ask_input *input);

#endif
