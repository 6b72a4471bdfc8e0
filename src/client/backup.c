/*
 * The operation of backups, which are Treadle's own.
 */
#include "client/internal.h"

int treadle_backup_create(struct treadle_backup_response **out, struct treadle_client *client,
                          struct treadle_error *error)
{
    CLIENT_CALL(treadle_backup_response, backup, .endpoint = ENDPOINT_BACKUP_CREATE);
}
