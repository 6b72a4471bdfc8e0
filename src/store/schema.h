/*
 * Schema: the tables of the store, as the migrations that make them.
 */
#ifndef STORE_SCHEMA_H
#define STORE_SCHEMA_H

/* Ends with a NULL. A script that was released is never changed; a change is another script. */
extern const char *const schema_migrations[];

#endif
