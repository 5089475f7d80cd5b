"""Codes as vector drawings: SVG, and PDF pages to print."""

import math
import zlib
from collections.abc import Sequence

from coldsign.qr.symbol import Matrix

_QUIET = 4  # modules of white, as the standard asks; paper has room
_PAGE = (595, 842)  # A4 in points
_MARGIN = 36
_CAPTION = 14  # points under each code
_DENSE = 20  # up to this version two codes stand side by side on a page, beyond it one


def svg(matrices: Sequence[Matrix], captions: Sequence[str]) -> bytes:
    """All codes in one drawing, row by row, dark modules as one path."""
    columns = columns_for(len(matrices))
    cell = matrices[0].size + 2 * _QUIET
    lines = -(-len(matrices) // columns)
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {columns * cell} {lines * cell}">',
        f'<rect width="{columns * cell}" height="{lines * cell}" fill="#fff"/>',
    ]
    for index, (matrix, caption) in enumerate(zip(matrices, captions, strict=True)):
        x, y = index % columns * cell + _QUIET, index // columns * cell + _QUIET
        runs = "".join(f"M{x + c} {y + r}h{n}v1h-{n}z" for r, c, n in _runs(matrix))
        parts.append(f'<path d="{runs}"><title>{caption}</title></path>')
    return "".join([*parts, "</svg>\n"]).encode()


def pdf(matrices: Sequence[Matrix], captions: Sequence[str]) -> bytes:
    """All codes on A4 pages, each with its caption, as a printable sheet."""
    across, down = (2, 3) if matrices[0].version <= _DENSE else (1, 2)
    on_page = across * down
    pages = [
        _page(matrices[i : i + on_page], captions[i : i + on_page], across, down)
        for i in range(0, len(matrices), on_page)
    ]
    first = 4
    kids = " ".join(f"{first + 2 * i} 0 R" for i in range(len(pages)))
    objects = [
        b"<</Type/Catalog/Pages 2 0 R>>",
        f"<</Type/Pages/Count {len(pages)}/Kids[{kids}]>>".encode(),
        b"<</Type/Font/Subtype/Type1/BaseFont/Helvetica>>",
    ]
    for index, page in enumerate(pages):
        box = f"/MediaBox[0 0 {_PAGE[0]} {_PAGE[1]}]/Resources<</Font<</F 3 0 R>>>>"
        objects.append(
            f"<</Type/Page/Parent 2 0 R{box}/Contents {first + 2 * index + 1} 0 R>>".encode()
        )
        body = zlib.compress(page.encode())
        head = f"<</Length {len(body)}/Filter/FlateDecode>>stream\n".encode()
        objects.append(head + body + b"\nendstream")
    return _pdf_file(objects)


def columns_for(count: int) -> int:
    """How many codes stand side by side on a sheet of so many: the squarest."""
    return math.isqrt(count - 1) + 1


def _runs(matrix: Matrix) -> list[tuple[int, int, int]]:
    """Horizontal runs of dark modules: row, column, length."""
    runs = []
    for r, row in enumerate(matrix.rows):
        start = row.find(1)
        while start >= 0:
            end = row.find(0, start)
            end = len(row) if end < 0 else end
            runs.append((r, start, end - start))
            start = row.find(1, end)
    return runs


def _page(matrices: Sequence[Matrix], captions: Sequence[str], across: int, down: int) -> str:
    width = (_PAGE[0] - 2 * _MARGIN) / across
    height = (_PAGE[1] - 2 * _MARGIN) / down
    side = min(width, height - _CAPTION)
    out = []
    for index, (matrix, caption) in enumerate(zip(matrices, captions, strict=True)):
        module = side / (matrix.size + 2 * _QUIET)
        left = _MARGIN + index % across * width + _QUIET * module
        top = _PAGE[1] - _MARGIN - index // across * height - _QUIET * module
        for r, c, n in _runs(matrix):
            x, y = left + c * module, top - (r + 1) * module
            out.append(f"{x:.3f} {y:.3f} {n * module:.3f} {module:.3f} re")
        base = top - (matrix.size + _QUIET) * module - _CAPTION * 0.5
        out.append(f"f BT /F 8 Tf {left:.1f} {base:.1f} Td ({caption}) Tj ET")
    return "\n".join(out)


def _pdf_file(objects: Sequence[bytes]) -> bytes:
    out = bytearray(b"%PDF-1.4\n")
    offsets = []
    for number, body in enumerate(objects, 1):
        offsets.append(len(out))
        out += b"%d 0 obj\n%b\nendobj\n" % (number, body)
    start = len(out)
    out += b"xref\n0 %d\n0000000000 65535 f \n" % (len(objects) + 1)
    out += b"".join(b"%010d 00000 n \n" % offset for offset in offsets)
    out += b"trailer<</Size %d/Root 1 0 R>>\nstartxref\n%d\n%%%%EOF\n" % (len(objects) + 1, start)
    return bytes(out)
