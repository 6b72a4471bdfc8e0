/*
 * From SQLite's result codes to Treadle's. Callers recognise a broken unique constraint by
 * TREADLE_EBUSY, so nothing else becomes that code: a database that another process does not
 * release is TREADLE_ETIMEOUT.
 */
#include <errno.h>

#include "base/error.h"
#include "store/db_sqlite.h"

static int fail(struct treadle_error *error, int code, int http_status, const char *message,
                const char *detail)
{
    error_set(error, code, "%s: %s", message, detail);
    if (error)
        error->http_status = http_status;
    return code;
}

static int fail_full(struct treadle_error *error)
{
    error_set(error, TREADLE_EIO, "the disk is full");
    if (error)
        error->http_status = 507;
    return TREADLE_EIO;
}

static int fail_constraint(int code, const char *detail, struct treadle_error *error)
{
    switch (code) {
    case SQLITE_CONSTRAINT_UNIQUE:
    case SQLITE_CONSTRAINT_PRIMARYKEY:
    case SQLITE_CONSTRAINT_ROWID:
        return fail(error, TREADLE_EBUSY, 0, "already there", detail);
    default:
        return fail(error, TREADLE_EINVALID, 0, "the database refused the change", detail);
    }
}

static bool means_full(int error_number)
{
    return error_number == ENOSPC || error_number == EDQUOT || error_number == EFBIG;
}

/* SQLite itself distinguishes a full disk from other failures to write, but neither a quota nor a
 * limit on the file's size; and after a failed commit it does not keep the error number, so `left`
 * is the value of errno. */
static int fail_input_output(sqlite3 *connection, int code, int left, const char *detail,
                             struct treadle_error *error)
{
    if (code == SQLITE_IOERR_NOMEM)
        return error_set_memory(error);
    int reason = connection ? sqlite3_system_errno(connection) : 0;
    if (means_full(reason) || (code == SQLITE_IOERR_WRITE && means_full(left)))
        return fail_full(error);
    if (reason == 0)
        return fail(error, TREADLE_EIO, 0, "the database could not be read or written", detail);
    return error_set_errno(error, TREADLE_EIO, reason,
                           "the database could not be read or written: %s", detail);
}

int db_sqlite_error(sqlite3 *connection, int code, struct treadle_error *error)
{
    int left = errno;
    const char *detail = sqlite3_errstr(code);
    if (connection && sqlite3_extended_errcode(connection) == code)
        detail = sqlite3_errmsg(connection);
    switch (code & 0xff) {
    case SQLITE_NOMEM:
        return error_set_memory(error);
    case SQLITE_FULL:
        return fail_full(error);
    case SQLITE_CONSTRAINT:
        return fail_constraint(code, detail, error);
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
        return fail(error, TREADLE_ETIMEOUT, 503, "another program holds the database", detail);
    case SQLITE_TOOBIG:
        return fail(error, TREADLE_ELIMIT, 0, "a value is too large for the database", detail);
    case SQLITE_CORRUPT:
    case SQLITE_NOTADB:
        return fail(error, TREADLE_EIO, 0, "the database file is damaged", detail);
    case SQLITE_IOERR:
    case SQLITE_CANTOPEN:
        return fail_input_output(connection, code, left, detail, error);
    case SQLITE_AUTH:
    case SQLITE_ERROR:
    case SQLITE_MISMATCH:
    case SQLITE_MISUSE:
    case SQLITE_RANGE:
        return fail(error, TREADLE_EINVALID, 0, "the statement is not valid", detail);
    default:
        return fail(error, TREADLE_EIO, 0, "the database failed", detail);
    }
}
