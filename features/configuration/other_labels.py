"""Labels that mean "other", as they are shipped: `[taxonomy] other_labels`."""

from __future__ import annotations

from typing import Final

OTHER_LABELS: Final = (
    "其他", "其它", "其他类", "其它类", "其他问题", "其它问题", "其他事项", "其它事项", "其他诉求", "其他咨询",
    "其他投诉", "其他求助", "其他建议", "其他情况", "其他业务", "其他服务", "综合", "综合类", "不详", "未知",
    "その他", "기타",
    "other", "others", "other issue", "other issues", "other request", "other requests", "other complaint",
    "other complaints", "all other", "misc", "misc.", "miscellaneous", "general", "general request", "general requests",
    "general comments", "general enquiry", "general inquiry", "general complaint", "uncategorized", "uncategorised",
    "unclassified", "unknown", "n/a", "--select--", "sonstiges", "sonstige", "andere", "anderes", "verschiedenes",
    "autre", "autres", "divers", "otro", "otros", "otra", "otras", "varios", "outro", "outros", "altro", "altri",
    "overig", "overige", "annat", "övrigt", "andet", "inne", "другое", "прочее",
    "* general request", "* general requests", "* general comments", "* generic request",
)  # fmt: skip
"""What is shipped; `[taxonomy] other_labels` replaces it. A `*` stands for anything."""
