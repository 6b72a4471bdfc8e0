/*
 * What the files of the extractive model share: a question, the sentences that may answer it, and
 * the calls between the steps from one to the other. All of it lives in one arena per answer.
 */
#ifndef MODEL_EXTRACTIVE_H
#define MODEL_EXTRACTIVE_H

#include "base/arena.h"
#include "base/buffer.h"
#include "language/language.h"
#include "model/model.h"

enum { QUESTION_UNITS = 32, UNIT_PARTS = 8 };

/* What kind of answer a question wants. */
enum question_kind {
    QUESTION_PLAIN,
    QUESTION_DEFINITION, /* what is X, what does X do */
    QUESTION_HOW,        /* how do I … */
    QUESTION_NUMBER,     /* how many … */
    QUESTION_DEFAULT,    /* what is the default of … */
    QUESTION_WHICH,      /* which option … */
    QUESTION_WHY
};

/* A word of the question that tells something. An identifier may be found by its parts. */
struct question_unit {
    const char *term;
    const char *word; /* as it stands in the question */
    size_t word_length;
    const char *parts[UNIT_PARTS];
    size_t part_count;
    double share;  /* how much it matters beside its rarity; 1 for most */
    double weight; /* by rarity among the sentences at hand */
};

struct question {
    const char *text;
    size_t length;
    enum question_kind kind;
    struct question_unit units[QUESTION_UNITS];
    size_t unit_count;
};

/* Understands a question. */
int question_read(struct question *question, struct language *language, const char *text,
                  size_t length, struct arena *arena, struct treadle_error *error);

/* How much of a unit a word of a text stands for, between 0 and 1: an inflected form a little
 * less than the word itself. */
double question_match(const struct question_unit *unit, const struct language_word *word,
                      const char *text);

/* Which part of an identifier a word is, when it is no part of another; `part_count` for none. */
size_t question_part(const struct question_unit *unit, const struct language_word *word);

/* The part that asks of a message longer than `longest`: its last question, else its start. */
void question_find(struct language *language, const char *text, size_t longest, struct arena *arena,
                   struct language_span *out);

/* What to search for when the last message of the user is at `last`: the question, and for a
 * question that leans on what was said before the words of the user's message before. NULL when
 * memory runs out; "" when nothing is asked for. */
const char *question_query(const struct model_request *request, size_t last, struct arena *arena);

/* What a stretch of text holds of the question. */
struct findings {
    double units[QUESTION_UNITS];
    double density, phrase;
    bool opens;
    double leads; /* 1: its first telling word is of the question; half: one soon after */
    bool starts_with_stopword;
};

int findings_make(struct findings *found, const struct question *question,
                  struct language *language, const char *text, size_t length, struct arena *arena,
                  struct treadle_error *error);

/* A sentence of a passage. */
struct sentence {
    const struct model_passage *passage;
    size_t passage_number;
    size_t start, end; /* in the passage's text */
    size_t before;     /* where the sentence before it in its paragraph starts, or `start` */
    size_t order;      /* number within its passage */
    size_t words;
    bool first;    /* of its block */
    bool labelled; /* begins with the name of what it explains, as in a list of arguments */
    bool leans;    /* speaks of what was said right before it */
    bool readable;
    uint64_t print;              /* of its text, to know repetitions */
    double own[QUESTION_UNITS];  /* how much of each unit is in it */
    double near[QUESTION_UNITS]; /* and in it or in what stands around it */
    double subject;              /* how much of the question is in the lines right above it */
    double topic;                /* and in those or in the headings of the passage */
    double density;              /* units among the words that tell something */
    double phrase;               /* neighbours in the question that are neighbours here */
    bool opens;                  /* begins with what the question is about, and a verb */
    double focus;                /* how much of the title or the headings is of the question */
    double leads;                /* 1: begins with a word of the question; half: nearly so */
    bool example;                /* ends with a line of code that shows it */
    double coverage, score;
};

struct sentences {
    struct sentence *items;
    size_t count, room;
};

/* Parts the passages into sentences and finds the question's units in and around them. */
int sentences_gather(struct sentences *sentences, const struct question *question,
                     struct language *language, const struct model_passage *passages, size_t count,
                     struct arena *arena, struct treadle_error *error);

/* Scores the sentences and chooses those to quote, in the order of quoting.
 * Returns how many; 0 when nothing supports the question well enough. */
enum { QUOTES = 2 };
size_t sentences_choose(struct sentences *sentences, struct question *question,
                        const struct sentence *chosen[QUOTES]);

/* Writes the answer. */
void answer_write(struct buffer *out, const struct sentence *const *chosen, size_t count);

#endif
