/*
 * Wanted: which stores and files exist, by the database.
 */
#include "search/index.h"
#include "store/vector_store_file_record.h"
#include "store/vector_store_record.h"

void search_attach(struct search *search, struct db *db)
{
    search->db = db;
}

struct question {
    const char *store_id, *file_id;
    bool answer;
};

static int ask(struct db_session *session, void *argument, struct treadle_error *error)
{
    struct question *question = argument;
    if (question->file_id)
        return vector_store_file_record_wanted(session, question->store_id, question->file_id,
                                               &question->answer, error);
    struct vector_store_index_state state = {.there = false};
    int rc = vector_store_index_state(session, question->store_id, &state, error);
    question->answer = state.there && !state.expired;
    return rc;
}

int search_wanted(struct search *search, const char *store_id, const char *file_id,
                  struct treadle_error *error)
{
    struct question question = {store_id, file_id, true};
    int rc = search->db ? db_read(search->db, ask, &question, error) : 0;
    return rc ? rc : question.answer;
}
