/**
 * Scripts as they are handed to the sandbox: wrapped in one more function, so that what Newman loses is heard of. It
 * loses a thrown null, undefined or other empty value, what is thrown in the callback of `pm.sendRequest`, tests and
 * scripts that are begun and never ended, and a test that was given `false` where a function belongs.
 */

import { randomUUID } from "node:crypto";
import { textOf } from "./text.js";

/** Opens each notice on the console; no script can know it. */
const NOTICE_KEY = randomUUID();
/** The sandbox looks for this at the very beginning of a script. */
const SANDBOX_MARKER = /^(["'])use sandbox2\1;/;

/** Runs in the sandbox, before the script: tells when a test begins that ends later, and when it has ended. Is the function that begins one. */
const WATCH_TESTS = `((pm,write)=>{
const plain=pm.test;let last=0;
const begin=(name)=>{const id=++last;write("${NOTICE_KEY}","begun",id,name===null?null:String(name));return()=>{write("${NOTICE_KEY}","ended",id,"");};};
pm.test=Object.assign(function(name,assert){
if(assert===false)return plain.call(pm,name,()=>{throw new Error("it was given false where a function belongs; write () => pm.expect(…)");});
if(typeof assert!=="function")return plain.apply(pm,arguments);
if(assert.length>0)return plain.call(pm,name,(done)=>{const end=begin(name);try{return assert((...all)=>{end();return done(...all);});}catch(error){end();throw error;}});
return plain.call(pm,name,()=>{const result=assert();if(typeof result?.then==="function"){const end=begin(name);result.then(end,(error)=>{end();throw error;});}});
},plain);
return begin;
})(pm,console.log.bind(console))`.replaceAll("\n", "");

/** Runs in the sandbox, around the script: tells of one that waits for something when it begins to wait, and when it has
 * ended. The sandbox takes a script for ended as soon as no timer and no request of it is left, whatever it waits for.
 * One that waits for nothing has ended two turns later, and tells nothing: each line to the console costs. */
const WATCH_SCRIPT = `((begin,pm,run)=>{
let over=false,end=()=>{};
const leave=()=>{if(over)return;over=true;end();};
const {execution}=pm;
const skipRequest={enumerable:true,value(){leave();return execution.skipRequest(...arguments);}};
const script=run(Object.create(pm,{execution:{enumerable:true,value:Object.create(execution,{skipRequest})}}));
script.then(leave,leave);
Promise.resolve().then(()=>{}).then(()=>{if(!over)end=begin(null);});
return script;
})`.replaceAll("\n", "");

/** A rejection that nobody handles is reported where an empty error is not. What the script threw goes on its way unchanged. */
const NAME_EMPTY_ERRORS = `.catch((reason)=>{if(!reason||typeof reason==="symbol")Promise.reject(new Error("the script threw "+String(reason)));throw reason;});`;

/** Runs in the sandbox, before the script, and hands it a `pm` and timers of its own. The sandbox drops an empty error
 * of a callback, and calls that of `pm.sendRequest` once more with what it threw, where many take it for the network's. */
const WATCH_CALLBACKS = `((pm,...timers)=>{
const name=(error)=>!error||typeof error==="symbol"?new Error("the script threw "+String(error)):error;
const named=(callback)=>typeof callback!=="function"?callback:function(...all){try{return callback.apply(this,all);}catch(error){throw name(error);}};
const told=(callback)=>function(...all){try{return callback.apply(this,all);}catch(error){Promise.reject(name(error));throw error;}};
const watched=Object.create(pm,{sendRequest:{enumerable:true,value(request,callback){
if(typeof callback!=="function")return pm.sendRequest(...arguments);
pm.sendRequest(request,told(callback));return this;
}}});
const jar=pm.cookies?.jar;
if(typeof jar==="function")pm.cookies.jar=function(){const made=jar.apply(this,arguments);return new Proxy(made,{get(from,key){const value=from[key];return typeof value==="function"?(...all)=>value.apply(from,all.map(named)):value;}});};
return [watched,...timers.map((set)=>(callback,...all)=>set(named(callback),...all))];
})(pm,setTimeout,setInterval,setImmediate)`.replaceAll("\n", "");

/** What a script told of its tests, or of itself. */
export interface TestNotice {
  readonly state: "begun" | "ended";
  readonly id: string;
  /** Of the test; null for the script itself. */
  readonly name: string | null;
}

/** The script with everything of it on the line it had. */
export function watchScript(source: string): string {
  const marker = SANDBOX_MARKER.exec(source)?.[0] ?? "";
  const code = source.slice(marker.length);
  // In a function of their own, so that a script may declare these names itself.
  const open = `return ${WATCH_SCRIPT}(${WATCH_TESTS},pm,(pm)=>((pm,setTimeout,setInterval,setImmediate)=>(async()=>{;`;
  return `${marker}${open}${code}\n;})()${NAME_EMPTY_ERRORS.slice(0, -1)})(...${WATCH_CALLBACKS}));`;
}

/** Reads a line of the console; null for what scripts themselves wrote. */
export function readNotice(messages: readonly unknown[]): TestNotice | null {
  const [key, state, id, name] = messages;
  if (key !== NOTICE_KEY || (state !== "begun" && state !== "ended")) return null;
  return { state, id: textOf(id), name: name === null ? null : textOf(name) };
}
