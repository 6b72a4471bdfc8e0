/*
 * TLS.
 *
 * libmicrohttpd reports only that it could not start, so certificate and key are checked here
 * before it gets them.
 */
#include "http/tls.h"

#include <gnutls/gnutls.h>
#include <gnutls/x509.h>
#include <stdint.h>
#include <string.h>

#include "base/error.h"

static gnutls_datum_t datum_of(const char *text)
{
    return (gnutls_datum_t){(unsigned char *)(uintptr_t)text, (unsigned)strlen(text)};
}

static int refuse(struct treadle_error *error, const char *what, int code)
{
    return error_set(error, TREADLE_EINVALID, "the TLS %s cannot be used: %s", what,
                     gnutls_strerror(code));
}

static int check_certificate(const gnutls_datum_t *pem, struct treadle_error *error)
{
    gnutls_x509_crt_t *list = NULL;
    unsigned count = 0;
    int code = gnutls_x509_crt_list_import2(&list, &count, pem, GNUTLS_X509_FMT_PEM, 0);
    if (code < 0)
        return refuse(error, "certificate", code);
    for (unsigned i = 0; i < count; i++)
        gnutls_x509_crt_deinit(list[i]);
    gnutls_free(list);
    return 0;
}

static int check_key(const gnutls_datum_t *pem, struct treadle_error *error)
{
    gnutls_x509_privkey_t key;
    int code = gnutls_x509_privkey_init(&key);
    if (code < 0)
        return error_set_memory(error);
    code = gnutls_x509_privkey_import2(key, pem, GNUTLS_X509_FMT_PEM, NULL, 0);
    gnutls_x509_privkey_deinit(key);
    return code < 0 ? refuse(error, "key", code) : 0;
}

static int check_pair(const gnutls_datum_t *certificate, const gnutls_datum_t *key,
                      struct treadle_error *error)
{
    gnutls_certificate_credentials_t credentials;
    if (gnutls_certificate_allocate_credentials(&credentials) < 0)
        return error_set_memory(error);
    int code =
        gnutls_certificate_set_x509_key_mem(credentials, certificate, key, GNUTLS_X509_FMT_PEM);
    gnutls_certificate_free_credentials(credentials);
    if (code == GNUTLS_E_CERTIFICATE_KEY_MISMATCH)
        return error_set(error, TREADLE_EINVALID,
                         "the TLS certificate and the TLS key do not belong together");
    return code < 0 ? refuse(error, "certificate", code) : 0;
}

int http_tls_check(const char *certificate, const char *key, struct treadle_error *error)
{
    if (MHD_is_feature_supported(MHD_FEATURE_TLS) != MHD_YES)
        return error_set(error, TREADLE_EUNSUPPORTED, "libmicrohttpd was built without TLS");
    gnutls_datum_t certificate_pem = datum_of(certificate), key_pem = datum_of(key);
    int rc = check_certificate(&certificate_pem, error);
    if (!rc)
        rc = check_key(&key_pem, error);
    return rc ? rc : check_pair(&certificate_pem, &key_pem, error);
}

void *http_tls_session(struct MHD_Connection *connection)
{
    const union MHD_ConnectionInfo *info =
        MHD_get_connection_info(connection, MHD_CONNECTION_INFO_GNUTLS_SESSION);
    return info ? info->tls_session : NULL;
}

void http_tls_send(void *session, const void *bytes, size_t length)
{
    gnutls_record_send(session, bytes, length);
}
