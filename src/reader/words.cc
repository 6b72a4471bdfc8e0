/*
 * Words: poppler's own device for text, which also keeps the order of drawing.
 *
 * Poppler joins letters to words and words to lines well, but its order of lines parts tables into
 * columns. So its words are taken, each with the place of its first byte in the page's content, and
 * sorted by that. What order makes sense is decided by the document room, outside of the process
 * that meets hostile input. This is the one file in C++, for poppler's device is a class.
 */
#include "reader/words.h"

#include <algorithm>
#include <cstring>
#include <memory>
#include <vector>

#include <Annot.h>
#include <CharTypes.h>
#include <Error.h>
#include <ErrorCodes.h>
#include <GfxFont.h>
#include <GlobalParams.h>
#include <goo/gfile.h>
#include <Page.h>
#include <PDFDoc.h>
#include <poppler-config.h>
#include <Stream.h>
#include <TextOutputDev.h>

namespace
{

/* The signature of beginMarkedContent depends on it. */
#define POPPLER_AT_LEAST(major, minor)                                                             \
    (POPPLER_VERSION_MAJOR > (major) ||                                                            \
     (POPPLER_VERSION_MAJOR == (major) && POPPLER_VERSION_MINOR >= (minor)))

const int longest_word = 500; /* characters; a longer one is sent in parts */
const size_t most_words = 200000;
/* Characters; poppler's time for joining words to lines grows faster than their number. */
const int most_flowing = 400000;
const int few_letters = 20;

class Device : public TextOutputDev
{
  public:
    explicit Device(bool in_order)
        : TextOutputDev(nullptr, false, 0, in_order, false), raw(in_order)
    {
    }

    void startPage(int number, GfxState *state, XRef *xref) override
    {
        position = 0;
        note_start = -1;
        characters = 0;
        depth = artifact = 0;
        marks.clear();
        TextOutputDev::startPage(number, state, xref);
    }

    void drawChar(GfxState *state, double x, double y, double dx, double dy, double origin_x,
                  double origin_y, CharCode code, int bytes, const Unicode *u, int length) override
    {
        bool inside = artifact > 0;
        if (inside != (!marks.empty() && marks.back().second))
            marks.push_back({position, inside});
        position += bytes;
        characters++;
        TextOutputDev::drawChar(state, x, y, dx, dy, origin_x, origin_y, code, bytes, u, length);
    }

    void incCharCount(int count) override
    {
        position += count;
        TextOutputDev::incCharCount(count);
    }

#if POPPLER_AT_LEAST(25, 6)
    void beginMarkedContent(const std::string &name, Dict *properties) override
    {
        begin_mark(name == "Artifact");
        TextOutputDev::beginMarkedContent(name, properties);
    }
#else
    void beginMarkedContent(const char *name, Dict *properties) override
    {
        begin_mark(name && strcmp(name, "Artifact") == 0);
        TextOutputDev::beginMarkedContent(name, properties);
    }
#endif

    void endMarkedContent(GfxState *state) override
    {
        if (depth == artifact)
            artifact = 0;
        if (depth > 0)
            depth--;
        TextOutputDev::endMarkedContent(state);
    }

    /* Called for each annotation before it is drawn; annotations are drawn last. */
    static bool show_annotation(Annot *annotation, void *device)
    {
        Device *self = static_cast<Device *>(device);
        if (self->note_start < 0)
            self->note_start = self->position;
        return annotation->getType() != Annot::typePopup;
    }

    /* Leaves a page alone that is too full to be joined to lines. */
    void endPage() override
    {
        overfull = !raw && characters > most_flowing;
        if (!overfull)
            TextOutputDev::endPage();
    }

    bool is_artifact(int at) const
    {
        auto after = std::upper_bound(marks.begin(), marks.end(), std::make_pair(at, true));
        return after != marks.begin() && (after - 1)->second;
    }

    bool is_note(int at) const
    {
        return note_start >= 0 && at >= note_start;
    }

    bool overfull = false;

  private:
    void begin_mark(bool is_artifact)
    {
        depth++;
        if (is_artifact && artifact == 0)
            artifact = depth;
    }

    const bool raw;
    int characters = 0;  /* drawn on the page */
    int position = 0;    /* bytes of shown text so far, as poppler counts them in its words */
    int note_start = -1; /* where annotations begin */
    int depth = 0;       /* of marked content */
    int artifact = 0;    /* the depth at which an artifact began, 0 outside of one */
    std::vector<std::pair<int, bool>> marks; /* from where on text is an artifact or is none */
};

} // namespace

namespace
{

void say_nothing(ErrorCategory, Goffset, const char *)
{
}

} // namespace

struct words {
    GlobalParamsIniter globals{say_nothing}; /* shared with glib's part of poppler */
    std::unique_ptr<GooFile> file;
    std::unique_ptr<PDFDoc> document;
};

namespace
{

int32_t hundredths(double points)
{
    return points > -1e6 && points < 1e6 ? static_cast<int32_t>(points * 100) : 0;
}

template <size_t count> bool is_named(const GooString *font, const char *const (&marks)[count])
{
    for (const char *mark : marks)
        if (font && strstr(font->c_str(), mark))
            return true;
    return false;
}

bool is_bold(const TextWord *word)
{
    static const char *const marks[] = {"Bold", "bold", "Black", "Heavy", "Demi",
                                        "Medi", "CMBX", "SFBX",  "ecbx"};
    const TextFontInfo *font = word->getFontInfo(0);
    return font->isBold() || is_named(font->getFontName(), marks);
}

bool is_typewriter(const TextWord *word)
{
    static const char *const marks[] = {"Cour", "Mono",   "mono",  "Typewriter", "CMTT",
                                        "SFTT", "Consol", "Menlo", "Monaco"};
    const TextFontInfo *font = word->getFontInfo(0);
    return font->isFixedWidth() || is_named(font->getFontName(), marks);
}

/* Whether all characters are of one width, which tells a typewriter's font where no flag does. */
bool is_even(const TextWord *word)
{
    int length = word->getLength();
    double least = 0, most = 0;
    for (int i = 0; i < length; i++) {
        double width = word->getEdge(i + 1) - word->getEdge(i);
        width = width < 0 ? -width : width;
        least = i == 0 || width < least ? width : least;
        most = i == 0 || width > most ? width : most;
    }
    return most - least < 0.04 * most;
}

size_t put_character(char *out, Unicode c)
{
    /* Surrogates are no characters, and a zero would end the text for its receiver. */
    if (c == 0 || c > 0x10FFFF || (c >= 0xD800 && c <= 0xDFFF))
        c = 0xFFFD;
    if (c < 0x80) {
        out[0] = static_cast<char>(c);
        return 1;
    }
    size_t length = c < 0x800 ? 2 : c < 0x10000 ? 3 : 4;
    static const unsigned char first[] = {0, 0, 0xC0, 0xE0, 0xF0};
    for (size_t i = length - 1; i > 0; i--, c >>= 6)
        out[i] = static_cast<char>(0x80 | (c & 0x3F));
    out[0] = static_cast<char>(first[length] | c);
    return length;
}

/* Packs words into frames. */
class Packer
{
  public:
    explicit Packer(struct output *sink) : output(sink)
    {
    }

    void add(const frame_word &word, const char *text)
    {
        if (used + sizeof word + word.length > sizeof bytes)
            flush();
        memcpy(bytes + used, &word, sizeof word);
        memcpy(bytes + used + sizeof word, text, word.length);
        used += sizeof word + word.length;
    }

    void flush()
    {
        if (used > 0)
            output_frame(output, FRAME_WORDS, bytes, used, nullptr, 0);
        used = 0;
    }

  private:
    struct output *output;
    size_t used = 0;
    char bytes[FRAME_LIMIT];
};

/* Sends the characters from `start` to `end` of a word. */
void send_part(Packer &packer, const TextWord *word, int start, int end, uint16_t style)
{
    char text[longest_word * 4];
    size_t length = 0;
    double left, top, right, bottom, l, t, r, b;
    if (start == 0 && end == word->getLength()) {
        word->getBBox(&left, &top, &right, &bottom);
    } else {
        word->getCharBBox(start, &left, &top, &right, &bottom);
        word->getCharBBox(end - 1, &l, &t, &r, &b);
        left = std::min(left, l);
        top = std::min(top, t);
        right = std::max(right, r);
        bottom = std::max(bottom, b);
    }
    for (int i = start; i < end; i++)
        length += put_character(text + length, *word->getChar(i));
    frame_word body = {};
    body.left = hundredths(std::min(left, right));
    body.top = hundredths(std::min(top, bottom));
    body.right = hundredths(std::max(left, right));
    body.bottom = hundredths(std::max(top, bottom));
    body.base = hundredths(word->getBaseline());
    body.size = std::max(0, hundredths(word->getFontSize()));
    body.style = style;
    body.rotation = static_cast<uint16_t>(word->getRotation() & 3);
    body.length = static_cast<uint32_t>(length);
    packer.add(body, text);
}

void send_word(Packer &packer, const Device &device, const TextWord *word)
{
    int length = word->getLength();
    uint16_t style = 0;
    if (length < 1)
        return;
    if (is_bold(word))
        style |= FRAME_BOLD;
    if (is_even(word))
        style |= FRAME_EVEN;
    if (is_typewriter(word))
        style |= FRAME_TYPEWRITER;
    if (device.is_note(word->getCharPos()))
        style |= FRAME_NOTE;
    if (device.is_artifact(word->getCharPos()))
        style |= FRAME_ARTIFACT;
    for (int start = 0; start < length; start += longest_word) {
        int end = std::min(length, start + longest_word);
        bool last = end == length && word->getSpaceAfter();
        send_part(packer, word, start, end,
                  static_cast<uint16_t>(style | (last ? FRAME_SPACE : 0)));
    }
}

using word_list = std::vector<const TextWord *>;

/* The page's words as they are drawn. */
word_list sort_words(const TextPage *page)
{
    word_list words;
    for (const TextFlow *flow = page->getFlows(); flow; flow = flow->getNext())
        for (const TextBlock *block = flow->getBlocks(); block; block = block->getNext())
            for (const TextLine *line = block->getLines(); line; line = line->getNext())
                for (const TextWord *word = line->getWords(); word; word = word->getNext())
                    words.push_back(word);
    std::stable_sort(words.begin(), words.end(), [](const TextWord *a, const TextWord *b) {
        return a->getCharPos() < b->getCharPos();
    });
    return words;
}

/* A page that was drawn, and its words, which the device owns. */
struct drawing {
    std::unique_ptr<Device> device;
    TextPage *page = nullptr;
    std::unique_ptr<TextWordList> list;
    word_list words;

    ~drawing()
    {
        list.reset();
        if (page)
            page->decRefCnt();
    }
};

void draw(drawing *out, PDFDoc *document, int number, bool whole, bool raw)
{
    out->device = std::make_unique<Device>(raw);
    document->displayPage(out->device.get(), number, 72, 72, 0, whole, !whole, false, nullptr,
                          nullptr, Device::show_annotation, out->device.get());
    if (out->device->overfull)
        return;
    out->page = out->device->takeText();
    if (!raw) {
        out->words = sort_words(out->page);
        return;
    }
    out->list = out->page->makeWordList(false);
    for (int i = 0; i < out->list->getLength(); i++)
        out->words.push_back(out->list->get(i));
}

/* Draws the part of the page that is shown, or all of it. */
std::unique_ptr<drawing> draw_part(PDFDoc *document, int number, bool whole)
{
    auto result = std::make_unique<drawing>();
    draw(result.get(), document, number, whole, false);
    if (result->device->overfull) {
        result = std::make_unique<drawing>();
        draw(result.get(), document, number, whole, true);
    }
    return result;
}

bool holds_little(const word_list &words)
{
    int letters = 0;
    for (const TextWord *word : words)
        if ((letters += word->getLength()) >= few_letters)
            return false;
    return true;
}

void send_size(struct output *output, PDFDoc *document, int number, bool whole)
{
    double width = whole ? document->getPageMediaWidth(number) : document->getPageCropWidth(number);
    double height =
        whole ? document->getPageMediaHeight(number) : document->getPageCropHeight(number);
    if (document->getPageRotate(number) % 180 != 0)
        std::swap(width, height);
    frame_size body = {};
    body.width = hundredths(width);
    body.height = hundredths(height);
    output_frame(output, FRAME_SIZE, &body, sizeof body, nullptr, 0);
}

void send_notice(struct output *output, notice_code code)
{
    frame_notice body = {};
    body.code = code;
    output_frame(output, FRAME_NOTICE, &body, sizeof body, nullptr, 0);
}

} // namespace

int words_open(struct words **out, int descriptor)
{
    auto words = std::make_unique<struct words>();
    words->file = GooFile::open(descriptor);
    if (!words->file)
        return FRAME_DAMAGED;
    auto *stream =
        new FileStream(words->file.get(), 0, false, words->file->size(), Object(objNull));
    words->document = std::make_unique<PDFDoc>(stream);
    if (!words->document->isOk())
        return words->document->getErrorCode() == errEncrypted ? FRAME_ENCRYPTED : FRAME_DAMAGED;
    if (words->document->getNumPages() < 1)
        return FRAME_DAMAGED;
    *out = words.release();
    return 0;
}

int words_pages(const struct words *words)
{
    return words->document->getNumPages();
}

void words_send_page(struct words *words, struct output *output, int number)
{
    PDFDoc *document = words->document.get();
    bool whole = false;
    frame_page begin = {};
    begin.number = static_cast<uint32_t>(number);
    output_frame(output, FRAME_PAGE, &begin, sizeof begin, nullptr, 0);
    output_flush(output);
    if (!document->getPage(number)) {
        send_notice(output, NOTICE_PAGE_DAMAGED);
        return;
    }
    auto shown = draw_part(document, number, false);
    /* Some files have all their text outside of what they show. */
    if (holds_little(shown->words)) {
        auto all = draw_part(document, number, true);
        whole = !holds_little(all->words);
        if (whole)
            shown = std::move(all);
    }
    send_size(output, document, number, whole);
    Packer packer(output);
    for (size_t i = 0; i < shown->words.size() && i < most_words; i++)
        send_word(packer, *shown->device, shown->words[i]);
    packer.flush();
}
