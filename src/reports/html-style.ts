/** The style of the HTML report, light and dark. */

export const REPORT_STYLE = `
:root{--page:#f6f7f9;--card:#fff;--text:#1d2433;--muted:#667085;--line:#e5e8ee;--soft:#f3f5f8;--link:#2f5fb3;
--passed:#1a7f55;--passed-soft:#e6f4ed;--failed:#b3261e;--failed-soft:#fceceb;--late:#a15c07;--late-soft:#fdf2e1;--open:#3868b8;--open-soft:#e8effa;--bar-passed:#3f946d;--bar-failed:#cf5a52;--bar-late:#b97a22}
@media(prefers-color-scheme:dark){:root{--page:#0f1217;--card:#171b22;--text:#e4e8ef;--muted:#97a1b2;--line:#272e39;--soft:#1e242d;--link:#8fb4f5;
--passed:#63cb9b;--passed-soft:#14291f;--failed:#ff9388;--failed-soft:#331b1a;--late:#efb765;--late-soft:#2e2414;--open:#8fb4f5;--open-soft:#18243a;--bar-passed:#3f8f6b;--bar-failed:#b9524a;--bar-late:#a97b37}}
*{box-sizing:border-box}
body{margin:0;background:var(--page);color:var(--text);font:15px/1.5 system-ui,-apple-system,"Segoe UI",Roboto,"Helvetica Neue",Arial,sans-serif;font-variant-numeric:tabular-nums}
main{max-width:1080px;margin:0 auto;padding:32px 20px 48px;display:grid;gap:18px}
main>*{min-width:0}
h1,h2,p,ol,ul,dl,dd{margin:0;padding:0}
h1{font-size:22px;font-weight:600;line-height:1.3;overflow-wrap:anywhere}
h2{font-size:16px;font-weight:600;margin-bottom:14px}
a{color:var(--link);text-decoration:none}a:hover{text-decoration:underline}
small{font-size:12.5px;color:var(--muted)}.muted{color:var(--muted)}
code,pre{font:12.5px/1.55 ui-monospace,SFMono-Regular,Menlo,Consolas,"DejaVu Sans Mono",monospace}
.card,.verdict,.figure{background:var(--card);border:1px solid var(--line);border-radius:12px}
.card{padding:20px 22px}
.verdict{padding:24px 26px;border-left:6px solid var(--tone)}
.verdict .word{color:var(--tone);font-size:40px;line-height:1.1;font-weight:700;letter-spacing:-.02em;margin-bottom:6px}
.verdict .word::first-letter,.pill::first-letter{text-transform:uppercase}
.passed{--tone:var(--passed);--tone-soft:var(--passed-soft);--bar:var(--bar-passed)}
.failed,.errored{--tone:var(--failed);--tone-soft:var(--failed-soft);--bar:var(--bar-failed)}
.timed_out,.cancelled{--tone:var(--late);--tone-soft:var(--late-soft);--bar:var(--bar-late)}
.running,.waiting{--tone:var(--open);--tone-soft:var(--open-soft);--bar:var(--open)}
.skipped{--tone:var(--muted);--tone-soft:var(--soft);--bar:var(--muted)}
dl{display:flex;flex-wrap:wrap;gap:6px 26px}
.verdict dl{margin-top:16px}
dt{font-size:12px;color:var(--muted)}dd{overflow-wrap:anywhere}
.figures{display:grid;grid-template-columns:repeat(auto-fit,minmax(130px,1fr));gap:12px}
.figure{padding:14px 16px;display:grid;gap:1px;align-content:start}
.figure span{font-size:12.5px;color:var(--muted)}.figure strong{font-size:22px;font-weight:600;letter-spacing:-.01em}
.count{color:var(--failed);background:var(--failed-soft);border-radius:99px;padding:1px 9px;font-size:13px;margin-left:4px}
.failures ol{list-style:none;display:grid;gap:18px}
.failures details ol{margin-top:16px}.failures details{margin-top:16px}.failures summary{color:var(--link);padding:4px 0}
.failures li{border-left:3px solid var(--bar-failed);padding-left:14px;min-width:0}
.place{font-size:13px;overflow-wrap:anywhere}
.what{font-weight:600;overflow-wrap:anywhere}
.message{white-space:pre-wrap;overflow-wrap:anywhere;color:var(--failed);max-height:16em;overflow:auto}
.tag{display:inline-block;white-space:nowrap;font-size:11.5px;font-weight:500;color:var(--muted);background:var(--soft);border:1px solid var(--line);border-radius:5px;padding:0 6px}
pre{margin:8px 0 0;background:var(--soft);border-radius:7px;padding:9px 12px;overflow:auto;max-height:20em;white-space:pre-wrap;overflow-wrap:anywhere}
.curl{user-select:all;max-height:8.5em}
.timeline{display:grid;grid-template-columns:minmax(80px,max-content) 1fr;gap:14px}
.timeline ol{list-style:none;padding-top:24px;min-width:0}.timeline li{height:30px;line-height:30px;font-size:13px;white-space:nowrap;overflow:hidden;text-overflow:ellipsis;max-width:220px}
.timeline svg{overflow:visible;min-width:0}
svg text{font-size:12px;fill:var(--text)}svg .muted{fill:var(--muted)}svg .inside{fill:#fff}
.tick{stroke:var(--line)}.bar rect,.bar path{fill:var(--bar)}.wait{stroke:var(--bar);stroke-width:2;stroke-dasharray:2 4;stroke-linecap:round}.gate{stroke:var(--bar);stroke-width:1;opacity:.55}
.scroll{overflow-x:auto}
table{border-collapse:collapse;width:100%}
th,td{text-align:left;padding:7px 14px 7px 0;border-top:1px solid var(--line);font-weight:400;vertical-align:top;overflow-wrap:anywhere}
thead th{border-top:0;font-size:12.5px;color:var(--muted);padding-top:0}tfoot th,tfoot td{font-weight:600}
tbody th,tfoot th{white-space:nowrap}
.number{text-align:right;white-space:nowrap}
.sentences li::first-letter{text-transform:uppercase}.sentences{list-style:none;display:grid;gap:3px;margin-bottom:16px;overflow-wrap:anywhere}
.filter{display:flex;flex-wrap:wrap;gap:8px 16px;align-items:center;margin-bottom:12px}.filter[hidden]{display:none}
.filter input[type=search]{flex:1 1 260px;min-width:0;font:inherit;color:inherit;background:var(--soft);border:1px solid var(--line);border-radius:8px;padding:8px 12px}
.filter label,.filter output{font-size:13.5px;color:var(--muted)}
.task{border-top:1px solid var(--line)}.task[hidden]{display:none}
summary{cursor:pointer;list-style:none}summary::-webkit-details-marker{display:none}
.task>summary{display:flex;flex-wrap:wrap;gap:4px 12px;align-items:baseline;padding:11px 6px;border-radius:8px}
summary:hover{background:var(--soft)}
:focus-visible{outline:2px solid var(--link);outline-offset:1px}
.pill{color:var(--tone);background:var(--tone-soft);border-radius:99px;padding:1px 10px;font-size:12.5px;font-weight:600;min-width:78px;text-align:center;display:inline-block}
.name{flex:1 1 200px;min-width:0;overflow-wrap:anywhere}.name b{font-weight:600}.name span{color:var(--muted);margin-left:4px}
.facts{display:flex;flex-wrap:wrap;gap:2px 18px;color:var(--muted);font-size:13.5px}
.inside{padding:4px 6px 18px;display:grid;gap:12px}.inside>*{min-width:0}
.requests{border:1px solid var(--line);border-radius:9px;overflow:hidden}.requests:empty{display:none}
.request{border-top:1px solid var(--line)}.request:first-child{border-top:0}
.request>summary{display:grid;grid-template-columns:14px 58px minmax(0,1fr) 44px 74px 58px;gap:10px;padding:6px 12px;align-items:baseline;font-size:13.5px}
.dot{color:var(--bar-passed)}.request.red .dot,.red-text{color:var(--failed)}
.request>summary>span{overflow-wrap:anywhere}.request .number{color:var(--muted)}
.more{display:block;width:100%;font:inherit;font-size:13.5px;color:var(--link);background:none;border:0;border-top:1px solid var(--line);padding:9px;cursor:pointer}.more:hover{background:var(--soft)}
.detail{padding:2px 14px 14px 36px;display:grid;gap:8px;font-size:13.5px}.detail>*{min-width:0}.detail ul{list-style:none}.detail li{overflow-wrap:anywhere}.detail pre{margin:0}.detail h3{font-size:12.5px;color:var(--muted);font-weight:500;margin:6px 0 0}
footer{color:var(--muted);font-size:12.5px;text-align:center}
@media(max-width:960px){.figures{grid-template-columns:repeat(3,1fr)}}
@media(max-width:640px){main{padding:14px 10px 32px;gap:12px}.card{padding:16px 14px}.verdict{padding:18px 16px}.verdict .word{font-size:32px}.figures{grid-template-columns:1fr 1fr;gap:8px}
.request>summary{grid-template-columns:12px 46px minmax(0,1fr) 62px;gap:8px;padding:7px 9px}.request .status,.request .ratio{display:none}.request summary small{display:block}.detail{padding-left:14px}.timeline{gap:8px}.timeline li{font-size:12px}th,td{padding-right:10px}.speed th:nth-child(4),.speed td:nth-child(4){display:none}}
@media print{body{background:#fff}.filter{display:none}.card,.verdict,.figure{break-inside:avoid}}
`;
