/*
 * Slots: how many answers a model server makes at once.
 *
 * A server with one slot lets further requests wait without a word, and their runs would look as if
 * nothing came of them. So a run stays queued until its model's server has a free slot, and what it
 * waits for that does not count as its time. A run has a slot from its claim until its execution
 * ends, also while its tools work.
 */
#include "engine/engine_internal.h"

/* Under the mutex; NULL where there are more servers than it has room for. */
static struct slot_place *find(struct engine *engine, const void *place)
{
    size_t i = 0;
    while (i < engine->place_count && engine->places[i].place != place)
        i++;
    if (i == ENGINE_PLACES)
        return NULL;
    if (i == engine->place_count)
        engine->places[engine->place_count++] = (struct slot_place){.place = place};
    return &engine->places[i];
}

bool slots_accept(void *argument, const char *model, bool *limited)
{
    struct engine *engine = argument;
    struct model_facts facts;
    model_facts(engine->options.model, model, &facts);
    *limited = facts.place && facts.slots;
    if (!*limited)
        return true;
    pthread_mutex_lock(&engine->mutex);
    const struct slot_place *place = find(engine, facts.place);
    bool full = place && place->running >= facts.slots;
    engine->waits_for_slot |= full;
    pthread_mutex_unlock(&engine->mutex);
    return !full;
}

/* Also where one was free a moment ago: its claim comes. */
bool slots_wait(void *argument, const char *model)
{
    const struct engine *engine = argument;
    struct model_facts facts;
    model_facts(engine->options.model, model, &facts);
    return facts.place && facts.slots;
}

void slots_take(struct engine *engine, struct execution *execution)
{
    struct model_facts facts;
    model_facts(engine->options.model, execution->record.run.model, &facts);
    if (!facts.place)
        return;
    pthread_mutex_lock(&engine->mutex);
    struct slot_place *place = find(engine, facts.place);
    if (place)
        place->running++;
    execution->place = place;
    pthread_mutex_unlock(&engine->mutex);
}

void slots_return(struct engine *engine, struct execution *execution)
{
    if (!execution->place)
        return;
    pthread_mutex_lock(&engine->mutex);
    execution->place->running--;
    execution->place = NULL;
    pthread_mutex_unlock(&engine->mutex);
}
