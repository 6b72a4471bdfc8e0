/*
 * Libraries that must have memory at their first use. ICU 72 and libcrypto 3.0 do not survive a
 * first use without memory: ICU waits for its own lock for ever or keeps the failure, and libcrypto
 * crashes. So both are set up before there are threads, with an allocator that ends the program
 * where memory runs out. From then on the same allocator reports that memory ran out, which both
 * pass on to their callers.
 */
#include "cli/libraries.h"

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <stdbool.h>
#include <stdlib.h>
#include <unicode/ubrk.h>
#include <unicode/uclean.h>
#include <unicode/uloc.h>
#include <unicode/unorm2.h>
#include <unistd.h>

#include "cli/cli.h"

/* Changed while there is one thread. */
static bool starting;

static void *found(void *memory)
{
    static const char line[] = "treadle: out of memory while the program starts\n";
    if (memory || !starting)
        return memory;
    ssize_t written = write(STDERR_FILENO, line, sizeof line - 1);
    (void)written;
    _exit(CLI_FAILED);
}

static void *crypto_malloc(size_t size, const char *file, int line)
{
    (void)file;
    (void)line;
    return size ? found(malloc(size)) : NULL;
}

static void crypto_free(void *memory, const char *file, int line)
{
    (void)file;
    (void)line;
    free(memory);
}

static void *crypto_realloc(void *memory, size_t size, const char *file, int line)
{
    if (size)
        return found(realloc(memory, size));
    crypto_free(memory, file, line);
    return NULL;
}

static void *icu_malloc(const void *context, size_t size)
{
    (void)context;
    return found(malloc(size));
}

static void *icu_realloc(const void *context, void *memory, size_t size)
{
    (void)context;
    return found(realloc(memory, size));
}

static void icu_free(const void *context, void *memory)
{
    (void)context;
    free(memory);
}

/* An algorithm that was fetched once stays in libcrypto's own cache. */
static bool prepare_digest(const char *name)
{
    EVP_MD *digest = EVP_MD_fetch(NULL, name, NULL);
    EVP_MD_free(digest);
    return digest != NULL;
}

static bool prepare_crypto(void)
{
    CRYPTO_set_mem_functions(crypto_malloc, crypto_realloc, crypto_free);
    return OPENSSL_init_crypto(OPENSSL_INIT_LOAD_CRYPTO_STRINGS | OPENSSL_INIT_LOAD_CONFIG, NULL) &&
           prepare_digest("SHA256") && prepare_digest("MD5");
}

/* Rules are requested by their own locale, so the default one does not matter. */
static bool prepare_icu(void)
{
    UErrorCode status = U_ZERO_ERROR;
    u_setMemoryFunctions(NULL, icu_malloc, icu_realloc, icu_free, &status);
    uloc_setDefault("", &status);
    unorm2_getNFCInstance(&status);
    unorm2_getNFKCInstance(&status);
    unorm2_getNFKCCasefoldInstance(&status);
    ubrk_close(ubrk_open(UBRK_WORD, "", NULL, 0, &status));
    ubrk_close(ubrk_open(UBRK_SENTENCE, "", NULL, 0, &status));
    return U_SUCCESS(status);
}

void cli_prepare_libraries(void)
{
    starting = true;
    bool prepared = prepare_crypto() && prepare_icu();
    starting = false;
    if (prepared)
        return;
    cli_complain("libcrypto or ICU could not be set up; does memory suffice?");
    exit(CLI_FAILED);
}
