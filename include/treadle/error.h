/*
 * Errors: the one error object that every fallible function of Treadle fills.
 *
 * A function returns 0 or one of the negative codes below and, on failure, fills the error object
 * that its caller passed last; every other `out` stays untouched. The object owns nothing, so it
 * may live on the stack and needs no destructor. It has all that is needed to print the protocol's
 * error envelope, {"error": {"message", "type", "param", "code"}}, and to read one.
 */
#ifndef TREADLE_ERROR_H
#define TREADLE_ERROR_H

#ifdef __cplusplus
extern "C" {
#endif

enum treadle_error_code {
    TREADLE_OK = 0,
    TREADLE_EMEMORY = -1,      /* memory ran out */
    TREADLE_EINVALID = -2,     /* a value, argument or request is not valid */
    TREADLE_ENOTFOUND = -3,    /* the named thing does not exist */
    TREADLE_EIO = -4,          /* a file, disk or database failed */
    TREADLE_EBUSY = -5,        /* it is in use by others */
    TREADLE_ELIMIT = -6,       /* a stated limit was reached */
    TREADLE_EPARSE = -7,       /* bytes do not follow their format */
    TREADLE_ENETWORK = -8,     /* no connection, or it broke */
    TREADLE_ETIMEOUT = -9,     /* it took longer than allowed */
    TREADLE_EREMOTE = -10,     /* the server answered with an error; see http_status and error */
    TREADLE_ESTATE = -11,      /* not allowed in the object's present state */
    TREADLE_EUNSUPPORTED = -12 /* this kind of thing is not handled */
};

/* An error. `type`, `wire_code` and `param` are the protocol's fields of those names (`code` is
 * called wire_code here); an empty string stands for the protocol's null. */
struct treadle_error {
    int code;        /* one of enum treadle_error_code */
    int http_status; /* the status for this over HTTP, 0 where there is none */
    char type[48];
    char wire_code[64];
    char param[192];
    char message[768];
};

#ifdef __cplusplus
}
#endif

#endif
