/*
 * Shared by the files of the extractive model: a question, the sentences that may answer it, and
 * the calls between the steps from one to the other. All of it lives in one arena per answer.
 *
 * A question is read in its own language and in those of the passages (question). The passages are
 * split into sections, lines and sentences, and each sentence knows which words of the question are
 * in it and around it (passage). Sentences are scored (select), and the best are quoted with what
 * makes them understandable (answer).
 */
#ifndef BUILTIN_EXTRACTIVE_INTERNAL_H
#define BUILTIN_EXTRACTIVE_INTERNAL_H

#include "base/arena.h"
#include "base/buffer.h"
#include "language/language.h"
#include "model/model.h"

enum { QUESTION_UNITS = 32, QUESTION_LANGUAGES = 4, UNIT_PARTS = 8 };

/* What kind of answer a question wants. */
enum question_kind {
    QUESTION_PLAIN,
    QUESTION_DEFINITION, /* what is X, what does X do */
    QUESTION_HOW,        /* how do I … */
    QUESTION_NUMBER,     /* how many … */
    QUESTION_DEFAULT,    /* what is the default of … */
    QUESTION_WHICH,      /* which option … */
    QUESTION_WHY,
    QUESTION_WHO,
    QUESTION_WHEN,
    QUESTION_WHERE,
    QUESTION_YESNO
};

/* The kind of a question by its words, in any of the known languages. */
enum question_kind question_kind(const char *text, size_t length);

/* Whether a text begins with a word that asks for something. */
bool question_begins(const char *text, size_t length);

/* An important word of the question. */
struct question_unit {
    const char *word; /* as it is in the question */
    size_t length;
    const char *forms[QUESTION_LANGUAGES]; /* its term in each of the languages */
    const char *parts[UNIT_PARTS];         /* of an identifier, in the first language */
    size_t part_count;
    bool spaceless; /* of a script without spaces: searched for unchanged */
    double share;   /* how much it matters beside its rarity; 1 for most */
    double weight;  /* by rarity among the present sentences */
};

struct question {
    const char *text;
    size_t length;
    enum question_kind kind;
    struct question_unit units[QUESTION_UNITS];
    size_t unit_count;
    struct language *languages[QUESTION_LANGUAGES]; /* the question's own first */
    const char *codes[QUESTION_LANGUAGES];
    size_t language_count;
};

/* Understands a question about passages. `question_clear` must follow in every case. */
int question_read(struct question *question, const char *text, size_t length,
                  const struct model_passage *passages, size_t passage_count, struct arena *arena,
                  struct treadle_error *error);
void question_clear(struct question *question);

/* The language of a passage, as one of the question's. */
struct language *question_language(const struct question *question, const char *text,
                                   size_t length);

/* How much of each unit a part of a text has, between 0 and 1, into `found`. `pairs` becomes the
 * number of neighbours in the question that are neighbours here. */
int question_find_units(const struct question *question, struct language *language,
                        const char *text, size_t length, struct arena *arena, double *found,
                        size_t *pairs, struct treadle_error *error);

/* The part that asks of a message longer than `longest`: its last question, else its start. */
void question_find(struct language *language, const char *text, size_t longest, struct arena *arena,
                   struct language_span *out);

/* The questions in one message: "What is the total, and where is the parcel kept?" has two. There
 * is at least one: the whole. Returns their number. */
enum { CLAUSES = 4 };
size_t question_part(const char *text, size_t length, struct language_span out[CLAUSES]);

/* What to search for when the last message of the user is at `last`: the question, and for a
 * question that refers to earlier messages the words of the user's previous message. NULL when
 * memory runs out; "" when nothing is asked for. */
const char *question_query(const struct model_request *request, size_t last, struct arena *arena);

/* A sentence of a passage; a title, an entry of a list or a row of a table is one, too. */
struct sentence {
    const struct model_passage *passage;
    size_t passage_number;
    size_t start, end; /* in the passage's text */
    size_t title;      /* number of the title above it, or SIZE_MAX */
    bool is_title;
    bool row;     /* "name: value", on a line of its own */
    bool open;    /* continues in the next line: it has no end mark, and is not a title */
    bool clutter; /* an entry of a table of contents, or no text at all */
    size_t pairs;
    double own[QUESTION_UNITS];  /* how much of each unit is in it */
    double near[QUESTION_UNITS]; /* and in it or around it */
    double nearness; /* in meaning: 0 for the farthest of what was found, 1 for the nearest */
    double coverage, score;
};

struct sentences {
    struct sentence *items;
    size_t count, room;
    size_t passage_first[64]; /* the number of a passage's first sentence */
    size_t passage_count;
    double most; /* the greatest share of the question that one passage holds */
};

/* Splits the passages into sentences and finds the question's units in and around them. */
int sentences_gather(struct sentences *sentences, struct question *question,
                     const struct model_passage *passages, size_t count, struct arena *arena,
                     struct treadle_error *error);

/* What to quote: sentences, best first. */
enum { QUOTES = 3 };
struct selection {
    const struct sentence *chosen[QUOTES];
    size_t count;
    bool certain; /* the first answers; else these are the nearest */
};

/* Chooses what to quote. A count of 0: the passages have nothing to do with the question. */
void sentences_choose(const struct sentences *sentences, const struct question *question,
                      struct selection *out);

/* The text that is quoted for a sentence: with all that is needed to understand it. An answer that
 * is certain is shorter. */
struct language_span answer_span(const struct sentences *sentences, const struct sentence *sentence,
                                 bool certain);

/* Writes the answer. */
void answer_write(struct buffer *out, const struct sentences *sentences,
                  const struct selection *selection);

#endif
