"""Writes small PDF files for tests: text at places, in fonts that every reader knows or, for any
script, in a font that has nothing but a map to Unicode."""
import zlib


def literal(text):
    """A string object of a text of WinAnsi characters."""
    data = text.encode('cp1252').replace(b'\\', b'\\\\').replace(b'(', b'\\(').replace(b')', b'\\)')
    return b'(' + data + b')'


def text_string(text):
    """A string object of any text, as titles and labels have them."""
    return b'<' + (b'\xfe\xff' + text.encode('utf-16-be')).hex().encode() + b'>'


class Pdf:
    """Objects that are being made. Fonts: R roman, B bold, M typewriter, S serif, U any script, each of its
    characters `wide` thousandths of the size, but marks of Hebrew and Arabic none; U+E000 in it is a
    ligature of lam and alef."""

    def __init__(self, width=612, height=792, wide=500):
        self.width, self.height = width, height
        self.objects = [b''] * 2
        self.catalog = b''
        self.trailer = b''
        self.pages = []
        self.attached = []
        self.fonts = b''
        names = {'R': b'Helvetica', 'B': b'Helvetica-Bold', 'M': b'Courier', 'S': b'Times-Roman'}
        for key, name in names.items():
            number = self.add(b'<</Type/Font/Subtype/Type1/Encoding/WinAnsiEncoding/BaseFont/'
                              + name + b'>>')
            self.fonts += b'/%s %d 0 R' % (key.encode(), number)
        unicode_map = self.stream(b'/CIDInit/ProcSet findresource begin 12 dict begin begincmap\n'
                                  b'1 begincodespacerange <0000><FFFF> endcodespacerange\n'
                                  b'1 beginbfrange <0000><FFFF><0000> endbfrange\n'
                                  b'1 beginbfchar <E000><06440627> endbfchar\n'
                                  b'endcmap end end')
        below = self.add(b'<</Type/Font/Subtype/CIDFontType2/BaseFont/Any/DW %d'
                         b'/W[1425 1469 0 1611 1631 0 1648 1648 0]/CIDSystemInfo'
                         b'<</Registry(Adobe)/Ordering(Identity)/Supplement 0>>>>' % wide)
        number = self.add(b'<</Type/Font/Subtype/Type0/BaseFont/Any/Encoding/Identity-H'
                          b'/DescendantFonts[%d 0 R]/ToUnicode %d 0 R>>' % (below, unicode_map))
        self.fonts += b'/U %d 0 R' % number

    def add(self, body):
        """A new object; its number."""
        self.objects.append(body)
        return len(self.objects)

    def stream(self, data, entries=b'', compress=False):
        if compress:
            data, entries = zlib.compress(data), entries + b'/Filter/FlateDecode'
        return self.add(b'<</Length %d%s>>stream\n' % (len(data), entries) + data + b'\nendstream')

    def page(self, *content, entries=b''):
        """A page that draws the pieces of content in their order."""
        contents = self.stream(b'\n'.join(content))
        self.pages.append(self.add(
            b'<</Type/Page/Parent 2 0 R/MediaBox[0 0 %d %d]/Contents %d 0 R/Resources<</Font<<%s>>>>'
            b'%s>>' % (self.width, self.height, contents, self.fonts, entries)))
        return self.pages[-1]

    def text(self, x, y, text, size=10, font='R', matrix=None):
        """Content that draws a text at x from the left and y from the top; with a matrix (a, b, c, d)
        turned by it."""
        shown = b'<' + text.encode('utf-16-be').hex().encode() + b'>' if font == 'U' else literal(text)
        a, b, c, d = matrix or (1, 0, 0, 1)
        return b'BT /%s %g Tf %g %g %g %g %g %g Tm %s Tj ET' % (
            font.encode(), size, a, b, c, d, x, self.height - y, shown)

    def lines(self, x, y, lines, size=10, font='R', lead=12):
        """Content that draws lines below each other."""
        return b'\n'.join(self.text(x, y + i * lead, line, size, font)
                          for i, line in enumerate(lines))

    def picture(self, x, y, width, height):
        """Content that draws a grey picture with its upper left corner at x, y."""
        return b'q %g 0 0 %g %g %g cm BI /W 1 /H 1 /BPC 8 /CS /G ID \x80 EI Q' % (
            width, height, x, self.height - y - height)

    def scan(self, pgm):
        """A page that shows the grey picture of a PGM file."""
        fields, at = [], 0
        while len(fields) < 4:
            end = min(i for i in (pgm.find(b, at) for b in (b' ', b'\n')) if i >= 0)
            fields.append(pgm[at:end])
            at = end + 1
        picture = self.stream(pgm[at:], b'/Type/XObject/Subtype/Image/Width %s/Height %s'
                              b'/ColorSpace/DeviceGray/BitsPerComponent 8' % (fields[1], fields[2]),
                              compress=True)
        contents = self.stream(b'q %d 0 0 %d 0 0 cm /P Do Q' % (self.width, self.height))
        self.pages.append(self.add(
            b'<</Type/Page/Parent 2 0 R/MediaBox[0 0 %d %d]/Contents %d 0 R'
            b'/Resources<</XObject<</P %d 0 R>>>>>>' % (self.width, self.height, contents, picture)))

    def marked(self, pieces):
        """Content whose pieces, (role, content) each, are marked with numbers from 0."""
        return [b'/%s<</MCID %d>>BDC\n%s\nEMC' % (role.encode(), number, content)
                for number, (role, content) in enumerate(pieces)]

    def tags(self, tree):
        """A structure tree for the last page, which must have /StructParents 0: lists of (role, kids),
        where kids are such a list again or the number of a piece."""
        parents = {}
        root = self.add(b'')

        def build(elements, parent):
            numbers = []
            for role, kids in elements:
                number = self.add(b'')
                numbers.append(b'%d 0 R' % number)
                if isinstance(kids, int):
                    parents[kids] = number
                    below = b'%d' % kids
                else:
                    below = b'[%s]' % build(kids, number)
                self.objects[number - 1] = b'<</Type/StructElem/S/%s/P %d 0 R/Pg %d 0 R/K %s>>' % (
                    role.encode(), parent, self.pages[-1], below)
            return b' '.join(numbers)

        kids = build(tree, root)
        listed = b' '.join(b'%d 0 R' % parents[number] for number in sorted(parents))
        self.objects[root - 1] = (b'<</Type/StructTreeRoot/K[%s]/RoleMap<</Titel/H1>>'
                                  b'/ParentTree<</Nums[0[%s]]>>>>' % (kids, listed))
        self.catalog += b'/StructTreeRoot %d 0 R/MarkInfo<</Marked true>>' % root

    def attach(self, name, data, entries=b''):
        """Puts a file into this one."""
        file = self.stream(data, b'/Type/EmbeddedFile' + entries)
        spec = self.add(b'<</Type/Filespec/F%s/UF%s/EF<</F %d 0 R>>>>' % (
            text_string(name), text_string(name), file))
        self.attached.append((name, spec))

    def bytes(self, before=b''):
        kids = b' '.join(b'%d 0 R' % number for number in self.pages)
        if self.attached:
            names = b' '.join(b'%s %d 0 R' % (text_string(name), spec)
                              for name, spec in sorted(self.attached))
            self.catalog += b'/Names<</EmbeddedFiles<</Names[%s]>>>>' % names
        self.objects[0] = b'<</Type/Catalog/Pages 2 0 R%s>>' % self.catalog
        self.objects[1] = b'<</Type/Pages/Count %d/Kids[%s]>>' % (len(self.pages), kids)
        out, places = bytearray(before + b'%PDF-1.7\n'), []
        for number, body in enumerate(self.objects, 1):
            places.append(len(out))
            out += b'%d 0 obj\n%s\nendobj\n' % (number, body)
        start = len(out)
        out += b'xref\n0 %d\n0000000000 65535 f \n' % (len(places) + 1)
        out += b''.join(b'%010d 00000 n \n' % place for place in places)
        out += b'trailer<</Size %d/Root 1 0 R%s>>\nstartxref\n%d\n%%%%EOF\n' % (
            len(places) + 1, self.trailer, start)
        return bytes(out)
