/*
 * Language: identifiers survive, stems meet, sentences end where they end, tokens are near what
 * byte pair encodings give.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "language/language.h"

struct words {
    struct arena *arena;
    struct language *language;
    struct language_word *items;
    size_t count;
};

static struct words words_of(const char *code, const char *text)
{
    struct words words = {.arena = arena_new(0)};
    struct treadle_error error;
    assert_non_null(words.arena);
    assert_int_equal(language_new(&words.language, code, &error), 0);
    assert_int_equal(language_words(words.language, text, strlen(text), words.arena, &words.items,
                                    &words.count, &error),
                     0);
    return words;
}

static void words_free(struct words *words)
{
    language_free(words->language);
    arena_free(words->arena);
}

/* The terms in order, parts marked with +, stopwords with *. */
static void assert_terms(const char *code, const char *text, const char *expected)
{
    struct words words = words_of(code, text);
    char found[1024] = "";
    for (size_t i = 0; i < words.count; i++) {
        struct language_word *word = &words.items[i];
        assert_true(word->start < word->end && word->end <= strlen(text));
        strcat(found, i ? " " : "");
        strcat(found, word->part ? "+" : "");
        strcat(found, word->term);
        strcat(found, word->stopword ? "*" : "");
    }
    assert_string_equal(found, expected);
    words_free(&words);
}

static void identifiers_survive_whole_and_in_parts(void **state)
{
    (void)state;
    assert_terms("en", "read.csv()", "read.csv +read +csv");
    assert_terms("en", "na.rm = TRUE", "na.rm +na +rm true");
    assert_terms("en", "--num-callers=12", "num-callers +num +caller 12");
    assert_terms("en", "x86_64", "x86_64 +x86 +64");
    assert_terms("en", "std::vector", "std::vector +std +vector");
    assert_terms("en", "C++, C# and C", "c++ c# and* c");
    assert_terms("en", "gcc -g", "gcc -g");
    assert_terms("en", "version 4.2.1.", "version 4.2.1");
    assert_terms("en", "createAndPoll", "createandpol +creat +and* +poll");
}

static void inflected_words_meet(void **state)
{
    (void)state;
    assert_terms("en", "Installing installed installation", "instal instal instal");
    assert_terms("en", "the user’s “files”", "the* user file");
    assert_terms("de", "Häuser Haus", "haus haus");
    assert_terms("fr", "l’homme", "+l* +homm");
    assert_terms("fr", "dépose-t-il", "dépos");
    assert_terms("fr", "Faut-il", "faut*");
    assert_terms("fr", "est-ce", "est*");
    assert_terms("ru", "команды командой", "команд команд");
    assert_terms("xx", "running", "run");
}

static void compatibility_forms_are_folded(void **state)
{
    (void)state;
    assert_terms("en", "ＦＩＬＥ ﬁle", "file file");
    assert_terms("de", "STRASSE Straße", "strass strass");
}

/* A question in a script without spaces must find what the text says. */
static void spaceless_scripts_share_terms(void **state)
{
    (void)state;
    struct words text = words_of("ja", "文字列を設定する方法");
    struct words question = words_of("ja", "文字列の設定");
    size_t shared = 0;
    for (size_t i = 0; i < question.count; i++)
        for (size_t j = 0; j < text.count; j++)
            if (!question.items[i].stopword &&
                strcmp(question.items[i].term, text.items[j].term) == 0) {
                shared++;
                break;
            }
    assert_true(shared >= 3);
    words_free(&text);
    words_free(&question);
    struct words chinese = words_of("zh", "中华人民共和国");
    bool pair = false;
    for (size_t i = 0; i < chinese.count; i++)
        pair |= strcmp(chinese.items[i].term, "共和") == 0;
    assert_true(pair);
    words_free(&chinese);
}

/* `expected` is the text with "|" where one sentence ends and the next begins. */
static void assert_sentences(const char *code, const char *expected)
{
    struct language *language;
    struct language_span *spans;
    struct treadle_error error;
    size_t count, length = 0;
    char text[1024], made[1024] = "";
    struct arena *arena = arena_new(0);
    for (const char *at = expected; *at; at++)
        if (*at != '|')
            text[length++] = *at;
    text[length] = 0;
    assert_int_equal(language_new(&language, code, &error), 0);
    assert_int_equal(language_sentences(language, text, length, arena, &spans, &count, &error), 0);
    for (size_t i = 0; i < count; i++) {
        if (i)
            strcat(strncat(made, text + spans[i - 1].end, spans[i].start - spans[i - 1].end), "|");
        strncat(made, text + spans[i].start, spans[i].end - spans[i].start);
    }
    assert_string_equal(made, expected);
    language_free(language);
    arena_free(arena);
}

static void sentences_end_where_they_end(void **state)
{
    (void)state;
    static const char *const samples[][2] = {
        {"en", "See Fig. 3 for details, e.g. Donald E. Knuth. |It was written in R. |Version 4.2.1 "
               "works! |A line\nthat wraps. |First line.\n|Second line.\n|.Rprofile is read."},
        {"en", "It costs U.S. $4.50 in the U.S. Army shop. |He left the U.S. |The next day he was "
               "back at 5 p.m. |It rained."},
        {"en", "We met Dr. A. B. Jones, Jr. and Mrs. Smith of Acme Inc. in St. Louis. |3. Press "
               "the button. |Take no. 5, vol. 2, pp. 3-4, etc. |The end."},
        {"de",
         "Der Vertrag gilt bis zum 31. Dezember 2028. |Er gilt z. B. für Wasser, d. h. "
         "für alles, bzw. Strom. |Die Wohnung liegt im 2. OG, Lindenstr. 14, ca. 84,5 m². |"
         "Am 3. 5. 2026 kam Hr. Dr. Meier, vgl. S. 12 Abs. 2. |Es waren 12. |Danach ging er."},
        {"de", "Das kostet rd. 1.240,00 Euro inkl. MwSt. usw. |Die Miete steigt am 1. April."},
        {"fr", "M. Rey et Mme. Blanc habitent av. Foch, p. ex. au n° 5. |Le prix est de 4,50 €, "
               "c.-à-d. rien. |Fin."},
        {"es", "El Sr. García y la Dra. Ruiz, p. ej. en la pág. 5, viven en EE.UU. |La casa es de "
               "Ud. misma. |Vive en C/ Olmo, n.º 22, 3.º B. |Fin."},
        {"it", "Il sig. Rossi, a pag. 5, scrive al dott. Bianchi. |Fine."},
        {"pt", "O Sr. Silva mora na pág. 5. |Fim."},
        {"nl", "Dhr. Jansen kwam o.a. met bijv. Mevr. Smit. |Einde."},
        {"sv", "Det gäller t.ex. Sverige kl. 5. |Slut."},
        {"ru", "Он жил на ул. Ленина в 1999 г. в Москве. |Конец."},
        {"ja", "次回は10月14日です。|場所は同じです。"},
        {"zh", "现在是第3.5版。|请看下文！|好。"},
    };
    for (size_t i = 0; i < sizeof samples / sizeof *samples; i++)
        assert_sentences(samples[i][0], samples[i][1]);
}

static void languages_are_distinguished(void **state)
{
    (void)state;
    static const char *const samples[][2] = {
        {"en", "The command is used to install a package that was built before."},
        {"de", "Der Befehl wird verwendet, um ein Paket zu installieren, das nicht da ist."},
        {"fr", "La commande est utilisée pour installer un paquet dans le système."},
        {"es", "El comando se usa para instalar un paquete que no está en el sistema."},
        {"ru", "Команда используется для установки пакета."},
        {"ja", "パッケージをインストールする方法です。"},
        {"zh", "安装软件包的方法"},
        {"ko", "패키지를 설치합니다"},
        {"fa", "این برنامه برای نصب بسته‌ها است"},
        {"en", "x = 1"},
        {"en", ""}};
    for (size_t i = 0; i < sizeof samples / sizeof *samples; i++)
        assert_string_equal(language_detect(samples[i][1], strlen(samples[i][1])), samples[i][0]);
}

/* Counted once with the encoding cl100k_base. */
static void token_estimates_are_within_fifteen_percent(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        size_t tokens;
    } samples[] = {
        {"The command line interface reads the configuration file first and then starts th"
         "e server, unless another process already listens on the same address. When a req"
         "uest fails, the error message names the parameter that was wrong, and the client"
         " may try again after correcting it. Documents are parsed in a separate process s"
         "o that a broken file cannot harm the rest of the program.",
         70},
        {"static int add(struct list *list, size_t start, size_t end)\n{\n    if (list->co"
         "unt == list->room) {\n        size_t room = list->room ? list->room * 2 : 32;\n "
         "       struct span *spans = malloc(room * sizeof *spans);\n        if (!spans)\n"
         "            return -1;\n    }\n    list->spans[list->count++] = (struct span){st"
         "art, end};\n    return 0;\n}\n",
         100},
        {"# Fits a linear model and prints what came out of it.\n"
         "fit_model <- function(path, formula) {\n"
         "    x <- read.csv(path, header = TRUE, na.strings = \"NA\")\n"
         "    x <- x[complete.cases(x), ]\n"
         "    model <- lm(formula, data = x)\n"
         "    if (nrow(x) < 10)\n"
         "        warning(\"only a few rows are left\")\n"
         "    print(summary(model))\n"
         "    invisible(model)\n"
         "}\n",
         92},
        {"Use the option --num-callers=12 (the default is 4) to print more stack frames; v"
         "alues above 500 are not accepted. See section 4.2.1, page 137, for the 25 other "
         "options.",
         50},
        {"文字列を設定する方法を説明します。最初にファイルを開き、次に値を書き込みます。", 38},
    };
    for (size_t i = 0; i < sizeof samples / sizeof *samples; i++) {
        size_t found = language_tokens(samples[i].text, strlen(samples[i].text));
        assert_in_range(found * 100, samples[i].tokens * 85, samples[i].tokens * 115);
    }
}

static void hostile_bytes_do_no_harm(void **state)
{
    (void)state;
    char bytes[5000];
    for (size_t i = 0; i < sizeof bytes; i++)
        bytes[i] = (char)(i * 2654435761u >> 7 | 1);
    struct language *language;
    struct language_word *words;
    struct language_span *spans;
    struct treadle_error error;
    size_t count;
    struct arena *arena = arena_new(0);
    assert_int_equal(language_new(&language, NULL, &error), 0);
    assert_int_equal(language_words(language, bytes, sizeof bytes, arena, &words, &count, &error),
                     0);
    assert_int_equal(
        language_sentences(language, bytes, sizeof bytes, arena, &spans, &count, &error), 0);
    language_detect(bytes, sizeof bytes);
    language_tokens(bytes, sizeof bytes);
    memset(bytes, 'a', sizeof bytes);
    assert_int_equal(language_words(language, bytes, sizeof bytes, arena, &words, &count, &error),
                     0);
    assert_in_range(count, 2, sizeof bytes);
    language_free(language);
    arena_free(arena);
    language_free(NULL);
}

/* More distinct words than the cache holds. */
static void the_cache_starts_anew_and_stays_right(void **state)
{
    (void)state;
    struct language *language;
    struct treadle_error error;
    assert_int_equal(language_new(&language, "en", &error), 0);
    for (size_t round = 0; round < 60; round++) {
        char text[16384];
        size_t length = 0;
        for (size_t i = 0; i < 1000; i++)
            length += (size_t)snprintf(text + length, sizeof text - length, "w%zux%zu ", round, i);
        length += (size_t)snprintf(text + length, sizeof text - length, "running");
        struct arena *arena = arena_new(0);
        struct language_word *words;
        size_t count;
        assert_int_equal(language_words(language, text, length, arena, &words, &count, &error), 0);
        assert_int_equal(count, 1001);
        assert_string_equal(words[1000].term, "run");
        arena_free(arena);
    }
    language_free(language);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(identifiers_survive_whole_and_in_parts),
        cmocka_unit_test(inflected_words_meet),
        cmocka_unit_test(compatibility_forms_are_folded),
        cmocka_unit_test(spaceless_scripts_share_terms),
        cmocka_unit_test(sentences_end_where_they_end),
        cmocka_unit_test(languages_are_distinguished),
        cmocka_unit_test(token_estimates_are_within_fifteen_percent),
        cmocka_unit_test(hostile_bytes_do_no_harm),
        cmocka_unit_test(the_cache_starts_anew_and_stays_right),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
