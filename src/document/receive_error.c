/*
 * Receiving: why a document could not be read, in words for its owner.
 */
#include "base/error.h"
#include "document/format.h"
#include "document/receive.h"

int receive_nonsense(struct treadle_error *error)
{
    return error_set(error, TREADLE_EPARSE,
                     "the document could not be read: its reader sent invalid data");
}

int receive_failure(const struct receiver *receiver, uint32_t reason, struct treadle_error *error)
{
    static const struct {
        int code;
        const char *text;
    } reasons[FRAME_REASONS] = {
        [FRAME_DAMAGED] = {TREADLE_EPARSE, "is damaged or cut short and cannot be read"},
        [FRAME_ENCRYPTED] = {TREADLE_EPARSE,
                             "is protected by a password; save it without one and try again"},
        [FRAME_UNKNOWN] = {TREADLE_EUNSUPPORTED,
                           "is an archive that holds no document of a kind that is read (docx, "
                           "xlsx, pptx, odt, ods, odp, epub)"},
        [FRAME_UNPACKED] = {TREADLE_EUNSUPPORTED,
                            "unpacks to far more than a document of its size may hold"},
        [FRAME_NESTED] = {TREADLE_EUNSUPPORTED, "has parts that nest too deep to be read"},
        [FRAME_DECLARES] = {TREADLE_EUNSUPPORTED,
                            "declares XML entities or a document type, which is not read"},
        [FRAME_NO_TEXT] = {TREADLE_EPARSE, "is not text"},
        [FRAME_NO_MEMORY] = {TREADLE_ELIMIT, "needs more memory than is allowed"},
    };
    if (reason == FRAME_UNCONFINED)
        return error_set(error, TREADLE_ENOTFOUND,
                         "the document reader could not confine itself and so did not start");
    if (reason >= FRAME_REASONS || !reasons[reason].text)
        return receive_nonsense(error);
    return error_set(error, reasons[reason].code, "the %s %s",
                     receiver->sheaf->format ? receiver->sheaf->format->noun : "document",
                     reasons[reason].text);
}
