/*
 * Words: poppler's own device for text, which also keeps the order of drawing. Poppler joins
 * letters to words and words to lines well, but its order of lines splits tables into columns. So
 * its words are used, each with the place of its first byte in the page's content, and sorted by
 * that. The document room decides about the order of reading, outside of the process that reads
 * hostile input.
 */
#include "reader/words.h"

#include <algorithm>
#include <cstring>
#include <memory>
#include <string>
#include <vector>

#include <unistd.h>

#include <Error.h>
#include <ErrorCodes.h>
#include <GlobalParams.h>
#include <goo/gfile.h>
#include <Page.h>
#include <PDFDoc.h>
#include <splash/SplashBitmap.h>
#include <SplashOutputDev.h>
#include <Stream.h>
#include <TextOutputDev.h>

#include "reader/attached.h"
#include "reader/device.hh"
#include "reader/forms.hh"
#include "reader/packer.hh"
#include "reader/scan.hh"
#include "reader/tags.hh"

namespace
{

const int longest_word = 500; /* characters; a longer one is sent in parts */
const size_t most_words = 200000;
const int few_letters = 20;
const int most_pages = 20000;
const int header_search = 1 << 16; /* bytes within which a PDF begins */
const size_t longest_comment = 4000, longest_line = 8000;
const int most_annotations = 8192;   /* that poppler may keep for pages that were read */
const double margin = 72, lead = 12; /* of text that no page draws, in points */

void say_nothing(ErrorCategory, Goffset, const char *)
{
}

} // namespace

/* An attached file: a PDF, or lines of text that make one page. */
struct attachment {
    std::string name;
    std::string bytes;
    std::unique_ptr<PDFDoc> document; /* null for text */
};

struct words {
    GlobalParamsIniter globals{say_nothing}; /* shared with glib's part of poppler */
    std::unique_ptr<GooFile> file;
    Goffset start = 0; /* of the PDF within the file */
    std::unique_ptr<PDFDoc> document;
    int annotations = 0; /* of the pages that were read since the document was opened */
    std::vector<std::unique_ptr<attachment>> attachments;
    bool unread = false; /* it carries files that are not read */
};

namespace
{

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

/* The room that a character takes in its line. Its edges would say it, too, but where the last one
 * ends only some releases of poppler keep among them. */
double width_of(const TextWord *word, int index)
{
    double left, top, right, bottom;
    word->getCharBBox(index, &left, &top, &right, &bottom);
    double width = word->getRotation() & 1 ? bottom - top : right - left;
    return width < 0 ? -width : width;
}

/* Whether all characters are of one width, which shows a typewriter's font where no flag does. */
bool is_even(const TextWord *word)
{
    int length = word->getLength();
    double least = 0, most = 0;
    for (int i = 0; i < length; i++) {
        double width = width_of(word, i);
        least = i == 0 || width < least ? width : least;
        most = i == 0 || width > most ? width : most;
    }
    return most - least < 0.04 * most;
}

/* Sends the characters from `start` to `end` of a word. */
void send_part(Packer &packer, const TextWord *word, int start, int end, uint16_t style,
               const tag &tag)
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
    body.part = tag.part;
    body.row = tag.row;
    body.role = tag.role;
    body.rotation = static_cast<uint16_t>(word->getRotation() & 3);
    body.length = static_cast<uint32_t>(length);
    packer.add(body, text);
}

void send_word(Packer &packer, const Device &device, Tags &tags, const TextWord *word)
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
    tag tag = style & FRAME_NOTE ? ::tag() : tags.find(device.piece_at(word->getCharPos()));
    for (int start = 0; start < length; start += longest_word) {
        int end = std::min(length, start + longest_word);
        bool last = end == length && word->getSpaceAfter();
        send_part(packer, word, start, end, static_cast<uint16_t>(style | (last ? FRAME_SPACE : 0)),
                  tag);
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
    Marks marks;
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
    out->device = std::make_unique<Device>(raw, &out->marks);
    document->displayPage(out->device.get(), number, 72, 72, 0, whole, !whole, false, nullptr,
                          nullptr, Device::show_annotation, out->device.get());
    if (!out->marks.decided && out->marks.decide()) {
        draw(out, document, number, whole, raw);
        return;
    }
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

/* Where the document begins: some files have the head of a message or a script before it. */
Goffset find_start(const GooFile &file)
{
    std::vector<char> head(header_search);
    int length = file.read(head.data(), header_search, 0);
    static const char magic[] = "%PDF-";
    auto end = head.begin() + std::max(0, length);
    auto found = std::search(head.begin(), end, magic, magic + 5);
    return found == end ? 0 : found - head.begin();
}

/* Sends notes that the page does not show, at the places of their annotations. */
void send_comments(Packer &packer, const Device &device)
{
    for (const comment &kept : device.comments) {
        std::string text = text_of(kept.text, longest_comment);
        frame_word word = {};
        if (text.empty())
            continue;
        word.left = hundredths(kept.left);
        word.right = hundredths(kept.right);
        word.top = hundredths(kept.top);
        word.bottom = hundredths(kept.bottom);
        /* Marked text is on a line within the mark; an icon is beside one. */
        double height = kept.bottom - kept.top;
        word.base = hundredths(height < 30 ? kept.bottom - height / 4 : kept.top + 10);
        word.size = 1000;
        word.style = FRAME_NOTE;
        word.length = static_cast<uint32_t>(text.size());
        packer.add(word, text.data());
    }
}

/* Whether the file does not say which letters the page shows. */
bool has_unknown_letters(const Device &device)
{
    return device.unknown >= few_letters && device.unknown * 3 >= device.characters;
}

/* Whether the page has too few known letters to be of use. */
bool is_unknown(const Device &device)
{
    return has_unknown_letters(device) && (device.characters - device.unknown) * 3 < device.unknown;
}

bool is_scan(PDFDoc *document, int number, const drawing &shown)
{
    return holds_little(shown.words) && is_picture(document, number);
}

/* Sends notices about the page's text where it is not all that a person sees there. */
void judge_text(struct output *output, PDFDoc *document, int number, const drawing &shown)
{
    if (has_unknown_letters(*shown.device))
        send_notice(output, NOTICE_LETTERS);
    else if (is_scan(document, number, shown))
        send_notice(output, NOTICE_NO_TEXT);
}

/* Words of a picture that is being read. */
struct found_words {
    std::vector<frame_word> words;
    std::vector<std::string> texts;
};

void keep_recognized(const struct recognized *found, void *context)
{
    found_words *kept = static_cast<found_words *>(context);
    frame_word word = {};
    std::string text = text_of(std::string("\xEF\xBB\xBF") + found->text, longest_line);
    if (text.empty() || kept->words.size() >= most_words)
        return;
    word.left = hundredths(found->left);
    word.top = hundredths(found->top);
    word.right = std::max(word.left, hundredths(found->right));
    word.bottom = std::max(word.top, hundredths(found->bottom));
    word.base = hundredths(found->base);
    word.size = std::max(0, hundredths(found->size));
    word.style = found->space ? FRAME_SPACE : 0;
    word.length = static_cast<uint32_t>(text.size());
    kept->words.push_back(word);
    kept->texts.push_back(std::move(text));
}

/* A line's height depends on its letters, so heights near the commonest are taken for it. */
void even_sizes(std::vector<frame_word> &words)
{
    std::vector<int32_t> sizes;
    for (const frame_word &word : words)
        sizes.push_back(word.size);
    std::sort(sizes.begin(), sizes.end());
    int32_t middle = sizes.empty() ? 0 : sizes[sizes.size() / 2];
    for (frame_word &word : words)
        if (word.size * 10 > middle * 7 && word.size * 10 < middle * 13)
            word.size = middle;
}

void recognize_page(struct output *output, PDFDoc *document, int number,
                    struct recognizer *recognizer)
{
    auto shown = draw_part(document, number, false);
    if (!is_unknown(*shown->device) && !is_scan(document, number, *shown))
        return;
    send_size(output, document, number, false);
    if (!recognizer) {
        send_notice(output, NOTICE_NO_RECOGNITION);
        return;
    }
    double dots = 1;
    auto drawn = draw_picture(document, number, &dots);
    if (!drawn)
        return;
    SplashBitmap *bitmap = drawn->getBitmap();
    struct picture picture = {bitmap->getDataPtr(), bitmap->getWidth(), bitmap->getHeight(),
                              bitmap->getRowSize(), dots};
    found_words found;
    recognize_picture(recognizer, &picture, keep_recognized, &found);
    even_sizes(found.words);
    send_notice(output, NOTICE_RECOGNIZED);
    Packer packer(output);
    for (size_t i = 0; i < found.words.size(); i++)
        packer.add(found.words[i], found.texts[i].data());
    packer.flush();
}

/* Sends lines that no page draws, below each other. */
void send_lines(Packer &packer, const std::string &text, double top)
{
    for (size_t start = 0; start < text.size() && top < 1e6; top += lead) {
        size_t end = std::min(text.find('\n', start), text.size());
        /* The cut text stays UTF-8, because it is decoded once more. */
        packer.add_line(margin, top,
                        text_of("\xEF\xBB\xBF" + text.substr(start, end - start), longest_line));
        start = end + 1;
    }
}

/* Returns the number of annotations that poppler keeps from now on. */
int send_pdf_page(struct output *output, PDFDoc *document, int number, bool with_form)
{
    if (!document->getPage(number)) {
        send_notice(output, NOTICE_PAGE_DAMAGED);
        return 0;
    }
    bool whole = false;
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
    judge_text(output, document, number, *shown);
    Tags tags(document, number);
    bool sent = !is_unknown(*shown->device);
    for (size_t i = 0; sent && i < shown->words.size() && i < most_words; i++)
        send_word(packer, *shown->device, tags, shown->words[i]);
    send_comments(packer, *shown->device);
    if (with_form) {
        std::string form = read_form(document);
        if (!form.empty())
            send_notice(output, NOTICE_FORM);
        send_lines(packer, form, document->getPageMediaHeight(number) + margin);
    }
    packer.flush();
    return shown->device->annotations;
}

/* The attachment of a page, null for the document itself; `number` becomes the number of the page
 * in it. */
const attachment *find_attachment(const struct words *words, int *number)
{
    int before = words->document->getNumPages();
    if (*number <= before)
        return nullptr;
    *number -= before;
    for (const auto &attached : words->attachments) {
        int pages = attached->document ? attached->document->getNumPages() : 1;
        if (*number <= pages)
            return attached.get();
        *number -= pages;
    }
    return nullptr;
}

void send_text_page(struct output *output, const attachment &attached)
{
    frame_size size = {};
    size.width = 61200;
    size.height = 79200;
    output_frame(output, FRAME_SIZE, &size, sizeof size, nullptr, 0);
    Packer packer(output);
    send_lines(packer, attached.bytes, margin);
    packer.flush();
}

} // namespace

static std::unique_ptr<PDFDoc> open_document(const struct words *words)
{
    auto *stream = new FileStream(words->file.get(), words->start, false,
                                  words->file->size() - words->start, Object(objNull));
    return std::make_unique<PDFDoc>(stream);
}

int words_open(struct words **out, int descriptor)
{
    auto words = std::make_unique<struct words>();
    words->file = GooFile::open(descriptor);
    if (!words->file)
        return FRAME_DAMAGED;
    words->start = find_start(*words->file);
    words->document = open_document(words.get());
    if (!words->document->isOk())
        return words->document->getErrorCode() == errEncrypted ? FRAME_ENCRYPTED : FRAME_DAMAGED;
    if (words->document->getNumPages() < 1)
        return FRAME_DAMAGED;
    *out = words.release();
    return 0;
}

/* Poppler keeps the annotations of each page until the document is closed: 90 MB for the links of a
 * manual of 5,000 pages. So the document is opened anew where they have become many. */
static void drop_annotations(struct words *words)
{
    if (words->annotations < most_annotations)
        return;
    int pages = words->document->getNumPages();
    words->document.reset();
    words->document = open_document(words);
    words->annotations = 0;
    /* The file has changed while it was read. */
    if (!words->document->isOk() || words->document->getNumPages() != pages)
        _exit(1);
}

bool words_carries_files(const struct words *words)
{
    return words->document->getCatalog()->numEmbeddedFiles() > 0;
}

void words_leave_out(struct words *words)
{
    words->unread = true;
}

bool words_attach(struct words *words, const char *name, const char *bytes, size_t length)
{
    auto attached = std::make_unique<attachment>();
    attached->name = name;
    attached->bytes.assign(bytes, length);
    if (length >= 5 && memcmp(bytes, "%PDF-", 5) == 0) {
        std::string &kept = attached->bytes;
        attached->document = std::make_unique<PDFDoc>(
            new MemStream(kept.data(), 0, static_cast<Goffset>(kept.size()), Object(objNull)));
        if (!attached->document->isOk() || attached->document->getNumPages() < 1)
            return false;
    }
    int pages = attached->document ? attached->document->getNumPages() : 1;
    if (pages + words_pages(words) > most_pages)
        return false;
    words->attachments.push_back(std::move(attached));
    return true;
}

int words_pages(const struct words *words)
{
    int pages = words->document->getNumPages();
    for (const auto &attached : words->attachments)
        pages += attached->document ? attached->document->getNumPages() : 1;
    return pages;
}

void words_send_labels(const struct words *words, struct output *output)
{
    int pages = words_pages(words);
    for (int number = words->document->getNumPages() + 1; number <= pages; number++) {
        int inner = number;
        const attachment *attached = find_attachment(words, &inner);
        std::string label = text_of("\xEF\xBB\xBF" + attached->name, 200);
        if (attached->document)
            label += ", " + std::to_string(inner);
        frame_page body = {};
        body.number = static_cast<uint32_t>(number);
        output_frame(output, FRAME_LABEL, &body, sizeof body, label.data(), label.size());
    }
}

static const attachment *begin_page(struct words *words, struct output *output, int number,
                                    int *inner)
{
    frame_page begin = {};
    begin.number = static_cast<uint32_t>(number);
    output_frame(output, FRAME_PAGE, &begin, sizeof begin, nullptr, 0);
    output_flush(output);
    *inner = number;
    return find_attachment(words, inner);
}

void words_send_page(struct words *words, struct output *output, int number)
{
    int inner;
    const attachment *attached = begin_page(words, output, number, &inner);
    if (!attached)
        words->annotations += send_pdf_page(output, words->document.get(), number, number == 1);
    else if (attached->document)
        send_pdf_page(output, attached->document.get(), inner, inner == 1);
    else
        send_text_page(output, *attached);
    if (number == 1 && words->unread)
        send_notice(output, NOTICE_ATTACHMENTS);
    drop_annotations(words);
}

void words_recognize_page(struct words *words, struct output *output, int number,
                          struct recognizer *recognizer)
{
    int inner;
    const attachment *attached = begin_page(words, output, number, &inner);
    PDFDoc *document = attached ? attached->document.get() : words->document.get();
    if (document && document->getPage(inner))
        recognize_page(output, document, inner, recognizer);
}
