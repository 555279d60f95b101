/** Something hostile, and how it must be read where it is taken for Markdown: as it was written, but for its marks. */
export interface Payload {
  readonly written: string
  readonly read: string
}

/**
 * Markup and addresses that run `__hit`, or load from elsewhere, wherever they are taken for more than text. None of
 * it is Markdown.
 */
export const payloads: readonly string[] = [
  "<script>__hit(1)</script>",
  "<img src=x onerror=__hit(2)>",
  "<svg onload=__hit(3)>",
  "<svg><script>__hit(4)</script></svg>",
  '<iframe src="javascript:parent.__hit(5)"></iframe>',
  '<iframe srcdoc="<script>parent.__hit(6)</script>"></iframe>',
  "<body onload=__hit(7)>",
  "<details open ontoggle=__hit(8)>x</details>",
  "<input autofocus onfocus=__hit(9)>",
  "<video><source onerror=__hit(10)></video>",
  '<math href="javascript:__hit(11)">x</math>',
  '"><script>__hit(12)</script>',
  "'><img src=x onerror='__hit(13)'>",
  "</title><script>__hit(14)</script>",
  "</textarea><script>__hit(15)</script>",
  "--><script>__hit(16)</script><!--",
  "]]><script>__hit(17)</script>",
  "javascript:__hit(18)",
  "JaVaScRiPt:__hit(19)//https://safe.example",
  "data:text/html,<script>parent.__hit(20)</script>",
  'https://safe.example/"onmouseover="__hit(21)',
  "https://safe.example/'><img src=x onerror=__hit(22)>",
  "[x](javascript:__hit(23))",
  '![x](x"onerror="__hit(24))',
  // biome-ignore lint/suspicious/noTemplateCurlyInString: what must not be filled in
  "${__hit(25)}",
  "{{constructor.constructor('__hit(26)')()}}",
  '<a href="javascript:__hit(27)" autofocus>x</a>',
  '<style>@import "https://elsewhere.example/28.css"</style>',
  "<link rel=stylesheet href=https://elsewhere.example/29.css>",
  '<meta http-equiv=refresh content="0;url=https://elsewhere.example/30">',
  '<object data="javascript:__hit(31)"></object>',
  "<x onclick=__hit(32) style=position:fixed;inset:0>x</x>",
  "\\u003cscript\\u003e__hit(33)\\u003c/script\\u003e",
  "&lt;img src=x onerror=__hit(34)&gt;",
]

/** Elements that run something by themselves, as browsers have them. */
const handlers = [
  "<img src=x onerror=HIT>",
  "<img src=x:x onerror=HIT //>",
  "<IMG SRC=x OnErRoR=HIT>",
  "<img/src=x/onerror=HIT>",
  "<img src=x onerror='HIT'",
  '<img src="x" srcset="y" onerror="HIT">',
  "<image src=x onerror=HIT>",
  "<body onpageshow=HIT>",
  "<svg><animate onbegin=HIT attributeName=x dur=1s>",
  "<svg><set onbegin=HIT attributeName=x to=y>",
  "<svg><image href=x onerror=HIT>",
  "<svg><style><img src=x onerror=HIT></style></svg>",
  "<svg><foreignObject><img src=x onerror=HIT></foreignObject></svg>",
  '<svg><a xlink:href="javascript:HIT"><text y=9>x</text></a></svg>',
  '<svg><use href="data:image/svg+xml,<svg id=x onload=HIT/>#x"></use></svg>',
  "<svg/onload=HIT>",
  "<math><mtext><img src=x onerror=HIT></mtext></math>",
  "<audio src=x onerror=HIT>",
  "<video src=x onerror=HIT></video>",
  "<video poster=x onloadstart=HIT><source src=x></video>",
  "<marquee onstart=HIT>x</marquee>",
  "<select autofocus onfocus=HIT>",
  "<textarea autofocus onfocus=HIT>",
  "<button autofocus onfocus=HIT>x</button>",
  "<div contenteditable autofocus onfocus=HIT>x</div>",
  "<x tabindex=1 onfocus=HIT id=x>x</x>",
  "<style>@keyframes x{}</style><x style=animation-name:x onanimationstart=HIT>",
  "<form><button formaction=javascript:HIT>x</button></form>",
  "<form action=javascript:HIT><input type=submit></form>",
  "<embed src=javascript:HIT>",
  "<iframe onload=HIT></iframe>",
  "<frameset onload=HIT>",
  '<link rel=stylesheet href=x onerror="HIT">',
  "<script src=data:,HIT></script>",
  "<script type=module>HIT</script>",
  "<scr<script>ipt>HIT</script>",
  "<template><img src=x onerror=HIT></template>",
  "<noscript><p title='</noscript><img src=x onerror=HIT>'>",
  "<details/open/ontoggle=HIT>",
  "<dialog open onclose=HIT>x</dialog>",
  "<object type=text/html data='data:text/html,<script>parent.HIT</script>'></object>",
  "<base href=javascript:HIT//>",
  "<!--><img src=x onerror=HIT>-->",
  "<![CDATA[><img src=x onerror=HIT>]]>",
  "<?xml version='1.0'?><x onload=HIT>",
  "&#60;img src=x onerror=HIT&#62;",
  "%3Cimg%20src%3Dx%20onerror%3DHIT%3E",
  "\\x3cimg src=x onerror=HIT\\x3e",
  "＜img src=x onerror=HIT＞",
  "<a href=javascript:HIT>x</a>",
  "<a href=' javascript:HIT'>x</a>",
  "<a href=jav&#x09;ascript:HIT>x</a>",
  "<p style=\"background:url('javascript:HIT')\">x</p>",
]

/** Addresses that must never be those of a link. */
const addresses = [
  "javascript:HIT",
  "JAVASCRIPT:HIT",
  "javascript://safe.example/%0aHIT",
  "java\u00ADscript:HIT",
  "java\u200Bscript:HIT",
  "javascript\u2028:HIT",
  "java%73cript:HIT",
  "&#106;avascript:HIT",
  "data:text/html,<script>HIT</script>",
  "data:text/html;base64,PHNjcmlwdD5fX2hpdCgxKTwvc2NyaXB0Pg==",
  "data:image/svg+xml,<svg/onload=HIT>",
  "vbscript:HIT",
  "blob:https://safe.example/HIT",
  "view-source:javascript:HIT",
  "feed:javascript:HIT",
  "file:///etc/passwd?HIT",
  "//elsewhere.example/HIT",
  "/\\elsewhere.example/HIT",
  "https:elsewhere.example/HIT",
  "?u=mallory&HIT",
  "#HIT",
]

/** The ways to write a link, each with an address that is none. */
const links = [
  "[x](ADDRESS)",
  "![x](ADDRESS)",
  "[x](<ADDRESS>)",
  '[x](ADDRESS "title")',
  "<ADDRESS>",
  "[x]: ADDRESS",
]

/** Tricks with directions and with what is not seen. */
const unseen = [
  "\u202Egnp.exe",
  "[\u202Emoc.knab](javascript:HIT)",
  "\u2066\u2067<img src=x onerror=HIT>\u2069",
  "\u200B<img src=x onerror=HIT>\u200B",
  "x\uFEFFjavascript:HIT",
  "\u061Cjavascript:HIT",
  "a\u0301\u0302\u0303\u0304\u0305<img src=x onerror=HIT>",
  "\u{E0001}\u{E0068}\u{E0069}<img src=x onerror=HIT>",
  "https://user:HIT@safe.example/",
  "https://safe.example\\@elsewhere.example/HIT'",
]

/** Names that would be more than text. */
const mentions = [
  "@<img src=x onerror=HIT>",
  '@ann"onclick="HIT',
  "@ann'onmouseover='HIT",
  "@ann<script>HIT</script>",
  "@__proto__",
  "@constructor.prototype",
  "@ann/../../HIT",
]

/** What is Markdown, with something hostile in it, and how it is read. */
const marked: readonly (readonly [string, string])[] = [
  ["**MARK**", "MARK"],
  ["*MARK*", "MARK"],
  ["~~MARK~~", "MARK"],
  ["`MARK`", "MARK"],
  ["```MARK```", "MARK"],
  ["> MARK", "MARK"],
  ["- MARK", "MARK"],
  ["1. MARK", "MARK"],
  ["```html\nMARK\n```", "MARK"],
  ["~~~\nMARK\n~~~", "MARK"],
  ["> - **MARK**", "MARK"],
  ["> ```\n> MARK\n> ```", "MARK"],
  ["[MARK](https://safe.example/a)", "MARK"],
  ["[**MARK**](mailto:ann@safe.example)", "MARK"],
  ['[x](https://safe.example/"onmouseover="HIT)', '[x](https://safe.example/"onmouseover="HIT)'],
  ["[x](https://safe.example/'onmouseover='1)", "x"],
  ["[https://bank.example](https://safe.example/HIT)", "https://bank.example"],
  ['```js"onload="HIT\nx\n```', '```js"onload="HIT\nx\n```'],
  ["@ann`onclick=HIT`x", "@annonclick=HITx"],
  ["[[x](javascript:HIT)](https://safe.example/b)", "[x](javascript:HIT)"],
  ["[x](javascript:HIT)](https://safe.example/c)", "[x](javascript:HIT)](https://safe.example/c)"],
  ["**[x**](javascript:HIT)", "[x](javascript:HIT)"],
  ["[`](javascript:HIT)`", "[](javascript:HIT)"],
]
const held = ["<img src=x onerror=HIT>", "<script>HIT</script>"]

/** More than two hundred, those among them, each with its own number. */
export const hostile: readonly Payload[] = [
  ...[...payloads, ...handlers, ...unseen, ...mentions].map((text) => [text, text] as const),
  ...links.flatMap((link) =>
    addresses.map((address) => link.replace("ADDRESS", address)).map((text) => [text, text] as const),
  ),
  ...marked.flatMap(([written, read]) =>
    (written.includes("MARK") ? held : [""]).map(
      (mark) => [written.replace("MARK", mark), read.replace("MARK", mark)] as const,
    ),
  ),
].map(([written, read], i) => {
  const call = `__hit(${100 + i})`
  return { written: written.replaceAll("HIT", call), read: read.replaceAll("HIT", call) }
})
