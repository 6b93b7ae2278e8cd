/** What scripts read and write beyond themselves: a table of snippets through one check. */

import assert from "node:assert/strict";
import test from "node:test";
import { readScript } from "../../src/collections/script-flow.js";

/** `read x`, `write x` (`write x?` when it may not happen, `write x unless set`), `jump …`, `skip`, `cookies`, `unknown`, each once. */
function accesses(source: string): string[] {
  const spelled = readScript(source).flatMap((access) => {
    switch (access.kind) {
      case "read":
        // Every script reads names such as `console` or `JSON`; only what a case asks for matters.
        return access.space === "sandbox" ? [] : [`read ${access.name ?? "*"}`];
      case "write": {
        const name =
          access.space === "sandbox" ? `shared ${access.name ?? "*"}` : (access.name ?? "*");
        return [`write ${name}${access.unlessSet ? " unless set" : access.certain ? "" : "?"}`];
      }
      case "jump":
        return [`jump ${access.target === undefined ? "*" : String(access.target)}`];
      case "skip":
      case "cookies":
      case "unknown":
        return [access.kind];
    }
  });
  return [...new Set(spelled)];
}

function check(source: string, expected: readonly string[]): void {
  assert.deepEqual(accesses(source), expected, source);
}

test("variables are found in every scope and in both interfaces", () => {
  for (const scope of ["environment", "globals", "collectionVariables", "variables"]) {
    check(`pm.${scope}.get("a"); pm.${scope}.set("b", 1);`, ["read a", "write b"]);
    check(`pm["${scope}"]?.has('a'); pm.${scope}.unset(\`b\`)`, ["read a", "write b"]);
    check(`pm.${scope}.toObject()`, ["read *"]);
    check(`pm.${scope}.clear()`, ["write *?"]);
  }
  check("pm.iterationData.get('row'); pm.iterationData.toObject()", []);
  check("postman.getEnvironmentVariable('a'); postman.setGlobalVariable('b', 2)", [
    "read a",
    "write b",
  ]);
  check("postman.clearGlobalVariables()", ["write *?"]);
  check("tests['ok'] = environment.token === globals['other']", ["read token", "read other"]);
  check("const env = environment;", ["read *"]);
  check("pm.variables.replaceIn('{{a}}/{{$guid}}'); pm.sendRequest(`{{b}}/${x}`)", [
    "read a",
    "read b",
  ]);
  check("pm.variables.replaceIn(template)", ["read *"]);
});

test("names that only a run shows stand for any variable", () => {
  check("pm.environment.get('user_' + n)", ["read *"]);
  check("pm.environment.set(`user_${n}`, 1)", ["write *"]);
  check("pm.variables.replaceIn('{{a{{b}}}}')", ["read b", "read *"]);
});

test("a write counts as certain only where nothing can keep it from happening", () => {
  check("pm.test('t', () => { pm.environment.set('a', 1); });", ["write a"]);
  check("pm.sendRequest(u, (error, response) => { pm.environment.set('a', 1); });", ["write a"]);
  check("(function () { pm.environment.set('a', 1); })();", ["write a"]);
  check("if (ok) pm.environment.set('a', 1);", ["write a?"]);
  check("ok && pm.environment.set('a', 1);", ["write a?"]);
  check("list.forEach(() => pm.environment.set('a', 1));", ["write a?"]);
  check("for (const x of list) pm.environment.set('a', x);", ["write a?"]);
  check("try { pm.environment.set('a', f()); } catch {}", ["write a?"]);
  check("function later() { pm.environment.set('a', 1); }", ["write a?"]);
  check("if (!ok) return; pm.environment.set('a', 1);", ["write a?"]);
  check("if (!ok) { throw new Error(); } pm.environment.set('a', 1);", ["write a?"]);
  check("pm.execution.skipRequest(); pm.environment.set('a', 1);", ["skip", "write a?"]);
});

test("a value set only where there is none is told from other conditions", () => {
  check("if (!pm.variables.get('a')) { pm.environment.set('a', 1); }", [
    "read a",
    "write a unless set",
  ]);
  check("if (!pm.variables.get('a')) pm.environment.set('b', 1)", ["read a", "write b?"]);
  check("if (!pm.variables.get('a')) {} else pm.environment.set('a', 1)", ["read a", "write a?"]);
  check("if (!pm.globals.get('a')) pm.globals.set('a', 1)", ["read a", "write a?"]);
});

test("the order of requests and cookies are seen", () => {
  check("pm.execution.setNextRequest('Next')", ["jump Next"]);
  check("postman.setNextRequest(null)", ["jump null"]);
  check("postman.setNextRequest(pm.environment.get('next'))", ["read next", "jump *"]);
  check("pm.cookies.get('sid')", ["cookies"]);
  check("const jar = pm.cookies.jar();", ["cookies"]);
});

test("names without a declaration are shared by all scripts of a run, declared ones are not", () => {
  check("counter = 1;", ["write shared counter"]);
  check("const counter = 1; let other; other = counter;", []);
  check("String.prototype.shout = function () {};", ["write shared String?"]);
  check("tests['status'] = true;", []);
  check("const data = pm.response.json(); data.x = 1;", []);
  check("const environment = 'eu'; environment.length;", []);
  assert.ok(
    readScript("counter + 1").some((access) => access.kind === "read" && access.name === "counter"),
  );
});

test("what cannot be followed is unknown, and says why on which line", () => {
  for (const source of [
    "const p = pm;",
    "helper(pm)",
    "const env = pm.environment;",
    "pm[name]()",
    "pm.require('@team/package')",
    "pm.execution.runRequest('id')",
    "eval(pm.globals.get('library'))",
    "new Function('return pm')()",
    "globalThis['p' + 'm']",
    "this.pm.environment",
    "with (pm) {}",
    "(pm) => pm.test",
    "setTimeout('pm.environment.clear()', 1)",
    "this is no script",
  ])
    assert.ok(accesses(source).includes("unknown"), source);
  const [found] = readScript("const ok = 1;\n\nconst p = pm;");
  assert.deepEqual(found, {
    kind: "unknown",
    why: "it uses pm in a way that cannot be followed",
    line: 3,
  });
});

test("everyday scripts are nothing but harmless", () => {
  check(
    `const body = pm.response.json();
     pm.test("status", function () { pm.response.to.have.status(200); });
     pm.expect(body.items).to.be.an("array");
     console.log(pm.info.iteration, pm.info.requestName, pm.request.url.toString());
     pm.visualizer.set("<p>{{x}}</p>", body);`,
    ["read x"],
  );
});
