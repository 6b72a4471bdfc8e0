/*
 * Packer: a frame is sent when the next word does not fit into it.
 */
#include "reader/packer.hh"

#include <cstring>

#include <PDFDocEncoding.h>

int32_t hundredths(double points)
{
    return points > -1e6 && points < 1e6 ? static_cast<int32_t>(points * 100) : 0;
}

size_t put_character(char *out, Unicode c)
{
    /* Surrogates are not characters, and a zero would end the text at the receiver. */
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

static size_t put_wide(char *out, const std::string &text, size_t *at)
{
    auto unit = [&text](size_t i) {
        return static_cast<Unicode>(static_cast<unsigned char>(text[i]) << 8 |
                                    static_cast<unsigned char>(text[i + 1]));
    };
    Unicode c = unit(*at);
    *at += 2;
    if (c >= 0xD800 && c < 0xDC00 && *at + 1 < text.size()) {
        Unicode low = unit(*at);
        if (low >= 0xDC00 && low < 0xE000) {
            *at += 2;
            c = 0x10000 + ((c - 0xD800) << 10) + (low - 0xDC00);
        }
    }
    return put_character(out, c < 0x20 ? ' ' : c);
}

/* The receiver checks whether bytes are UTF-8, so each byte that is not ASCII and not part of a
 * character is dropped. */
static bool is_utf8_tail(const std::string &text, size_t at, size_t length)
{
    for (size_t i = 1; i < length; i++)
        if (at + i >= text.size() || (static_cast<unsigned char>(text[at + i]) & 0xC0) != 0x80)
            return false;
    return true;
}

static size_t put_narrow(char *out, const std::string &text, size_t *at)
{
    unsigned char c = static_cast<unsigned char>(text[*at]);
    size_t length = c < 0x80 ? 1 : c < 0xC2 ? 0 : c < 0xE0 ? 2 : c < 0xF0 ? 3 : c < 0xF5 ? 4 : 0;
    if (length == 0 || !is_utf8_tail(text, *at, length)) {
        ++*at;
        return 0;
    }
    static const unsigned char masks[] = {0, 0x7F, 0x1F, 0x0F, 0x07};
    Unicode value = c & masks[length];
    for (size_t i = 1; i < length; i++)
        value = value << 6 | (static_cast<unsigned char>(text[*at + i]) & 0x3F);
    *at += length;
    return put_character(out, value < 0x20 ? ' ' : value);
}

std::string text_of(const std::string &text, size_t longest)
{
    std::string out;
    bool wide = text.compare(0, 2, "\xFE\xFF") == 0;
    bool narrow = text.compare(0, 3, "\xEF\xBB\xBF") == 0;
    size_t at = wide ? 2 : narrow ? 3 : 0;
    while (at + (wide ? 1 : 0) < text.size() && out.size() + 4 <= longest) {
        char bytes[4];
        size_t length;
        if (wide) {
            length = put_wide(bytes, text, &at);
        } else if (narrow) {
            length = put_narrow(bytes, text, &at);
        } else {
            Unicode c = pdfDocEncoding[static_cast<unsigned char>(text[at++])];
            length = put_character(bytes, c < 0x20 ? ' ' : c);
        }
        out.append(bytes, length);
    }
    return out;
}

void Packer::add(const frame_word &word, const char *text)
{
    if (used + sizeof word + word.length > sizeof bytes)
        flush();
    memcpy(bytes + used, &word, sizeof word);
    memcpy(bytes + used + sizeof word, text, word.length);
    used += sizeof word + word.length;
}

void Packer::add_line(double x, double y, const std::string &text)
{
    const double size = 10;
    frame_word word = {};
    if (text.empty())
        return;
    word.left = hundredths(x);
    word.right = hundredths(x + static_cast<double>(text.size()) * size / 2);
    word.top = hundredths(y - size);
    word.bottom = hundredths(y);
    word.base = word.bottom;
    word.size = hundredths(size);
    word.length = static_cast<uint32_t>(text.size());
    add(word, text.data());
}

void Packer::flush()
{
    if (used > 0)
        output_frame(output, FRAME_WORDS, bytes, used, nullptr, 0);
    used = 0;
}
