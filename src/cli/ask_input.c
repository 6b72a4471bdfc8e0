/*
 * The files that ask was given. Each is read once to its end for its digest: that is quick beside
 * reading the document, and it alone shows that the files of the same question are known already.
 */
#include "cli/ask_input.h"

#include <errno.h>
#include <fcntl.h>
#include <openssl/evp.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/buffer.h"
#include "base/text.h"
#include "cli/cli.h"

enum { NAME_LIMIT = 1024, PIECE = 1 << 16 };

/* ---- Names ---------------------------------------------------------------------------------- */

/* The path's last part; characters that could do harm when it is shown become underscores. */
static char *safe_name(const char *path)
{
    const char *slash = strrchr(path, '/'), *name = slash ? slash + 1 : path;
    size_t length = strlen(name);
    struct buffer out;
    buffer_init(&out, NAME_LIMIT);
    for (size_t at = 0; at < length;) {
        char bytes[4];
        uint32_t character = text_next(name, length, &at);
        bool control = character < ' ' || (character >= 0x7F && character < 0xA0);
        buffer_append(&out, bytes, text_put(bytes, control ? '_' : character));
    }
    if (!out.failed && out.length)
        return buffer_take(&out);
    buffer_clear(&out);
    return NULL;
}

/* ---- Digests -------------------------------------------------------------------------------- */

static int finish_digest(EVP_MD_CTX *context, char out[ASK_DIGEST_SIZE])
{
    unsigned char bytes[EVP_MAX_MD_SIZE];
    unsigned length = 0;
    if (EVP_DigestFinal_ex(context, bytes, &length) != 1 || length * 2 + 1 != ASK_DIGEST_SIZE)
        return TREADLE_EMEMORY;
    for (unsigned i = 0; i < length; i++)
        snprintf(out + 2 * (size_t)i, 3, "%02x", bytes[i]);
    return 0;
}

static int feed_file(int descriptor, const char *path, EVP_MD_CTX *context)
{
    char *piece = malloc(PIECE);
    ssize_t got = 0;
    int rc = piece ? 0 : TREADLE_EMEMORY;
    while (!rc && (got = read(descriptor, piece, PIECE)) != 0) {
        if (got < 0 && errno == EINTR)
            continue;
        if (got < 0) {
            cli_complain("%s: cannot be read: %s", path, strerror(errno));
            rc = TREADLE_EIO;
        } else if (EVP_DigestUpdate(context, piece, (size_t)got) != 1) {
            rc = TREADLE_EMEMORY;
        }
    }
    free(piece);
    return rc;
}

static int digest_file(int descriptor, struct ask_file *file)
{
    EVP_MD_CTX *context = EVP_MD_CTX_new();
    int rc = TREADLE_EMEMORY;
    if (context && EVP_DigestInit_ex(context, EVP_sha256(), NULL) == 1)
        rc = feed_file(descriptor, file->path, context);
    if (!rc)
        rc = finish_digest(context, file->digest);
    if (rc == TREADLE_EMEMORY)
        cli_complain("out of memory");
    EVP_MD_CTX_free(context);
    return rc;
}

static int compare_files(const void *a, const void *b)
{
    const struct ask_file *left = a, *right = b;
    int order = strcmp(left->digest, right->digest);
    return order ? order : strcmp(left->name, right->name);
}

/* Over the files in the order of their digests; the zero bytes keep names and digests apart. */
static int digest_all(struct ask_input *input)
{
    EVP_MD_CTX *context = EVP_MD_CTX_new();
    int rc = context && EVP_DigestInit_ex(context, EVP_sha256(), NULL) == 1 ? 0 : TREADLE_EMEMORY;
    for (size_t i = 0; i < input->count && !rc; i++) {
        const struct ask_file *file = &input->files[i];
        if (EVP_DigestUpdate(context, file->digest, ASK_DIGEST_SIZE) != 1 ||
            EVP_DigestUpdate(context, file->name, strlen(file->name) + 1) != 1)
            rc = TREADLE_EMEMORY;
    }
    if (!rc)
        rc = finish_digest(context, input->digest);
    if (rc)
        cli_complain("out of memory");
    EVP_MD_CTX_free(context);
    return rc;
}

/* ---- Reading -------------------------------------------------------------------------------- */

static int check(int descriptor, const char *path)
{
    struct stat status;
    const char *why = NULL;
    if (fstat(descriptor, &status))
        why = strerror(errno);
    else if (S_ISDIR(status.st_mode))
        why = "it is a directory, not a file";
    else if (!S_ISREG(status.st_mode))
        why = "it is not a regular file";
    else if (status.st_size == 0)
        why = "it is empty";
    if (why)
        cli_complain("%s: %s", path, why);
    return why ? TREADLE_EINVALID : 0;
}

static int read_file(const char *path, struct ask_file *out)
{
    /* Without waiting, as opening a pipe would. */
    int descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
    if (descriptor < 0) {
        cli_complain("%s: %s", path, errno == ENOENT ? "no such file" : strerror(errno));
        return TREADLE_ENOTFOUND;
    }
    out->path = path;
    int rc = check(descriptor, path);
    if (!rc)
        rc = digest_file(descriptor, out);
    if (!rc && !(out->name = safe_name(path))) {
        cli_complain("%s: its name cannot be sent", path);
        rc = TREADLE_EINVALID;
    }
    close(descriptor);
    return rc;
}

static void drop_doubles(struct ask_input *input)
{
    size_t kept = 0;
    for (size_t i = 0; i < input->count; i++) {
        if (kept && compare_files(&input->files[kept - 1], &input->files[i]) == 0)
            free(input->files[i].name);
        else
            input->files[kept++] = input->files[i];
    }
    input->count = kept;
}

int ask_input_read(char *const *paths, size_t count, struct ask_input *out)
{
    struct ask_input input = {.files = calloc(count ? count : 1, sizeof *input.files)};
    int rc = 0;
    if (!input.files) {
        cli_complain("out of memory");
        return TREADLE_EMEMORY;
    }
    for (size_t i = 0; i < count; i++) {
        int failed = read_file(paths[i], &input.files[input.count]);
        if (failed)
            rc = failed;
        else
            input.count++;
    }
    if (rc)
        goto done;
    qsort(input.files, input.count, sizeof *input.files, compare_files);
    drop_doubles(&input);
    rc = digest_all(&input);
    if (rc)
        goto done;
    *out = input;
    input = (struct ask_input){.files = NULL};
done:
    ask_input_free(&input);
    return rc;
}

void ask_input_free(struct ask_input *input)
{
    for (size_t i = 0; i < input->count; i++)
        free(input->files[i].name);
    free(input->files);
    *input = (struct ask_input){.files = NULL};
}
