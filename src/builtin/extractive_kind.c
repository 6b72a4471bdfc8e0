/*
 * Kinds: what a question wants to know, by the words with which it asks.
 *
 * A row names the words of one kind in one language. They are looked for at the start of the
 * question; languages that ask at the end of a sentence, or within, have rows that are looked for
 * anywhere. The first row that fits decides, so rows of more words come first.
 */
#include <string.h>
#include <strings.h>

#include "builtin/extractive_internal.h"

struct opening {
    enum question_kind kind;
    bool anywhere;
    const char *words; /* "|" between them */
};

static const struct opening openings[] = {
    {QUESTION_DEFAULT, true,
     "default|standardwert|voreinstellung|par défaut|por defecto|predeterminad|predefinit|"
     "по умолчанию|既定値|デフォルト|默认|缺省|預設"},
    {QUESTION_NUMBER, false,
     "how many|how much|how long|how large|how big|how often|how far|how old|how high|"
     "what slowdown|wie viel|wie viele|wieviel|wie lange|wie oft|wie groß|wie hoch|wie weit|"
     "auf wie viel|combien|quelle part|à combien|cuánt|cuant|a cuánt|quant|quanti|quante|"
     "hoeveel|hoe lang|hoe vaak|hur många|hur mycket|hur länge|hur ofta|сколько|как долго"},
    {QUESTION_NUMBER, true,
     "いくら|いくつ|何円|何人|何個|何時間|何回|何%|多少|几个|几次|幾個|多久|多长"},
    {QUESTION_WHEN, false,
     "when|what date|which date|what year|in which year|in what year|until when|by when|since "
     "when|wann|bis wann|seit wann|ab wann|quand|depuis quand|à quelle date|en quelle année|cuándo|"
     "cuando|en qué fecha|en qué año|quando|in che anno|em que ano|wanneer|sinds wanneer|när|"
     "когда|в каком году"},
    {QUESTION_WHEN, true, "いつ|何年|何月|何日|何時に|什么时候|何时|几月|哪年|哪一年|什麼時候"},
    {QUESTION_WHERE, false,
     "where|in which file|in which room|in which directory|into which|wo |woher|wohin|in welcher|"
     "in welchem|où |d'où|dans quel|dónde|donde|de dónde|en qué|dove|da dove|onde|waar|var |"
     "varifrån|где|откуда|куда"},
    {QUESTION_WHERE, true, "どこ|哪里|哪儿|何处|哪裡|在哪"},
    {QUESTION_WHO, false,
     "who|whose|whom|by whom|wer |wem |wen |wessen|von wem|qui |à qui|par qui|quién|quien|de quién|"
     "chi |di chi|quem|wie heeft|wie is|vem |кто |кем |чей"},
    {QUESTION_WHO, true, "誰|だれ|谁|誰が|哪位"},
    {QUESTION_WHY, false,
     "why|for what reason|warum|weshalb|wieso|pourquoi|por qué|porque |perché|por que|waarom|"
     "varför|почему|зачем"},
    {QUESTION_WHY, true, "なぜ|どうして|为什么|為什麼|为何"},
    {QUESTION_HOW, false,
     "how|show me how|what must i|what should i|can i |wie |comment|que faire|cómo|como |come |hoe "
     "|"
     "hur |как "},
    {QUESTION_HOW, true, "どうやって|どのように|方法は|するには|怎么|怎样|如何|怎麼"},
    {QUESTION_WHICH, false,
     "which|with which|what option|what argument|what function|what command|what parameter|welche|"
     "mit welche|für welche|quel |quelle |quels |quelles |de quel|avec quel|à quel|cuál|qué "
     "programa|qué opción|qué comando|con qué|quale|quali|qual |welk|vilke|vilka|vilken|какой|"
     "какая|какие|какую"},
    {QUESTION_WHICH, true, "どれ|どの|何を使|哪个|哪些|哪個|什么命令|用什么"},
    {QUESTION_DEFINITION, false,
     "what is|what are|what's|what does|what do |what was|define|describe|explain|was ist|was "
     "sind|was macht|was bedeutet|wofür|wozu|qu'est-ce|que signifie|à quoi sert|c'est quoi|qué es|"
     "qué son|qué significa|qué hace|para qué|che cos|cosa è|cosa fa|o que é|para que|wat is|wat "
     "doet|vad är|что такое|что значит|что делает"},
    {QUESTION_DEFINITION, true, "とは何|とは？|とは?|どういう意味|何ですか|是什么|什么意思|是什麼"},
    {QUESTION_YESNO, false,
     "is |are |does |do |did |can |may |must |should |has |have |will |was |were |darf |kann |muss "
     "|"
     "ist |sind |hat |haben |gibt es |wird |werden |est-ce |dois-je|puis-je|peut-on|faut-il|puedo|"
     "se puede|hay que|es |está|posso |si può|bisogna|è |pode |devo |kan |mag |moet |får |måste |"
     "можно|нужно|является"},
    {QUESTION_YESNO, true, "ますか|ですか|吗|嗎"},
};

static bool at_start(const char *text, size_t length, const char *word, size_t size)
{
    return length >= size && strncasecmp(text, word, size) == 0;
}

static bool anywhere(const char *text, size_t length, const char *word, size_t size)
{
    for (size_t i = 0; i + size <= length; i++)
        if (strncasecmp(text + i, word, size) == 0)
            return true;
    return false;
}

static bool fits(const struct opening *row, const char *text, size_t length)
{
    const char *word = row->words;
    while (*word) {
        size_t size = strcspn(word, "|");
        if (row->anywhere ? anywhere(text, length, word, size) : at_start(text, length, word, size))
            return true;
        word += size + (word[size] == '|');
    }
    return false;
}

/* What may be before a question's first word: spaces, quotation marks, ¿. */
static size_t skip_marks(const char *text, size_t length)
{
    size_t at = 0;
    while (at < length &&
           ((unsigned char)text[at] <= ' ' || strchr("\"'(-*", text[at]) ||
            (length - at > 1 && memcmp(text + at, "¿", 2) == 0) || (unsigned char)text[at] == 0xBF))
        at++;
    return at;
}

bool question_begins(const char *text, size_t length)
{
    size_t skipped = skip_marks(text, length);
    for (size_t i = 0; i < sizeof openings / sizeof *openings; i++)
        if (!openings[i].anywhere && openings[i].kind != QUESTION_YESNO &&
            fits(&openings[i], text + skipped, length - skipped))
            return true;
    return false;
}

enum question_kind question_kind(const char *text, size_t length)
{
    size_t skipped = skip_marks(text, length);
    text += skipped;
    length -= skipped;
    for (size_t i = 0; i < sizeof openings / sizeof *openings; i++)
        if (fits(&openings[i], text, length))
            return openings[i].kind;
    return QUESTION_PLAIN;
}
