"""XMP packets: what pictures of every format carry."""

from __future__ import annotations

import re
from html import escape, unescape

from gansmith.provenance.record import SOURCE_TYPE, Record

_PACKET = """<?xpacket begin="\ufeff" id="W5M0MpCehiHzreSzNTczkc9d"?>
<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF \
xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#"><rdf:Description rdf:about="" \
xmlns:xmp="http://ns.adobe.com/xap/1.0/" \
xmlns:Iptc4xmpExt="http://iptc.org/std/Iptc4xmpExt/2008-02-29/" \
xmlns:TC260="http://www.tc260.org.cn/ns/AIGC/1.0/" \
xmlns:gansmith="urn:gansmith:provenance:1:">
<xmp:CreatorTool>{tool}</xmp:CreatorTool>
<Iptc4xmpExt:DigitalSourceType>{source}</Iptc4xmpExt:DigitalSourceType>
<TC260:AIGC>{aigc}</TC260:AIGC>
<gansmith:Record>{record}</gansmith:Record>
</rdf:Description></rdf:RDF></x:xmpmeta>
<?xpacket end="r"?>"""
_RECORD = re.compile(rb"<gansmith:Record>(.*?)</gansmith:Record>", re.DOTALL)
_SOURCE = re.compile(
    rb"DigitalSourceType(?:>|=\"|='| rdf:resource=\"|='>)\s*([^<\"']*?(?:algorithmic|synthetic)"
    rb"[^<\"']*)",
    re.IGNORECASE,
)
_AIGC = re.compile(
    rb"AIGC(?:>\s*(?P<text>(?:\{|&quot;|&#123;)[^<]*)<|=(?P<quote>[\"'])(?P<value>.*?)(?P=quote))",
    re.DOTALL,
)


def packet(record: Record) -> bytes:
    """Return the XMP packet of a record."""
    text = _PACKET.format(
        tool=escape(f"{record.system} {record.version}"),
        source=SOURCE_TYPE,
        aigc=escape(record.aigc(), quote=False),
        record=escape(record.to_text(), quote=False),
    )
    return text.encode()


def record_in(xmp: bytes) -> str | None:
    """Return the text of the record in a packet; None where there is none."""
    found = _RECORD.search(xmp)
    return unescape(found[1].decode("utf-8", "replace")) if found else None


def source_in(content: bytes) -> str | None:
    """Return the digital source type of any program's XMP, if it says that a machine made it."""
    found = _SOURCE.search(content)
    return found[1].decode("utf-8", "replace") if found else None


def aigc_in(content: bytes) -> str | None:
    """Return the label `AIGC` of any program's metadata; None where there is none."""
    found = _AIGC.search(content)
    if found is None:
        return None
    return unescape((found["text"] or found["value"]).decode("utf-8", "replace"))
