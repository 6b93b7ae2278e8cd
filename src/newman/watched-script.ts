/**
 * Scripts as they are handed to the sandbox: wrapped in one more function, so that what Newman loses is heard of. It
 * loses a thrown null, undefined or other empty value, and tests that are begun and never ended.
 */

import { randomUUID } from "node:crypto";
import { textOf } from "./text.js";

/** Opens each notice on the console; no script can know it. */
const NOTICE_KEY = randomUUID();
/** The sandbox looks for this at the very beginning of a script. */
const SANDBOX_MARKER = /^(["'])use sandbox2\1;/;

/** Runs in the sandbox, before the script: tells when a test begins that ends later, and when it has ended. */
const WATCH_TESTS = `((pm,write)=>{
const plain=pm.test;let last=0;
const begin=(name)=>{const id=++last;write("${NOTICE_KEY}","begun",id,String(name));return()=>{write("${NOTICE_KEY}","ended",id,"");};};
pm.test=Object.assign(function(name,assert){
if(typeof assert!=="function")return plain.apply(pm,arguments);
if(assert.length>0)return plain.call(pm,name,(done)=>{const end=begin(name);try{return assert((...all)=>{end();return done(...all);});}catch(error){end();throw error;}});
return plain.call(pm,name,()=>{const result=assert();if(typeof result?.then==="function"){const end=begin(name);result.then(end,(error)=>{end();throw error;});}});
},plain);
})(pm,console.log.bind(console));`.replaceAll("\n", "");

/** A rejection that nobody handles is reported where an empty error is not. What the script threw goes on its way unchanged. */
const NAME_EMPTY_ERRORS = `.catch((reason)=>{if(!reason||typeof reason==="symbol")Promise.reject(new Error("the script threw "+String(reason)));throw reason;});`;

/** What a script told of its tests. */
export interface TestNotice {
  readonly state: "begun" | "ended";
  readonly id: string;
  readonly name: string;
}

/** The script with everything of it on the line it had. */
export function watchScript(source: string): string {
  const marker = SANDBOX_MARKER.exec(source)?.[0] ?? "";
  const code = source.slice(marker.length);
  return `${marker}${WATCH_TESTS}return (async()=>{;${code}\n;})()${NAME_EMPTY_ERRORS}`;
}

/** Reads a line of the console; null for what scripts themselves wrote. */
export function readNotice(messages: readonly unknown[]): TestNotice | null {
  const [key, state, id, name] = messages;
  if (key !== NOTICE_KEY || (state !== "begun" && state !== "ended")) return null;
  return { state, id: textOf(id), name: textOf(name) };
}
