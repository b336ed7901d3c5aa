// The script of the explorer: no library, no build. Values reach the page as text; HTML comes from this server only.
const $ = (selector, from = document) => from.querySelector(selector)
const $$ = (selector, from = document) => [...from.querySelectorAll(selector)]
const rules = { createHTML: text => text }
const policy = window.trustedTypes?.createPolicy("explorer", rules) ?? rules

function el(name, attributes = {}, ...content) {
  const element = document.createElement(name)
  for (const [key, value] of Object.entries(attributes)) {
    if (key.startsWith("on")) element.addEventListener(key.slice(2), value)
    else if (value != null && value !== false) element.setAttribute(key, value === true ? "" : value)
  }
  element.append(...content)
  return element
}

async function request(path, body) {
  const json = { method: "POST", headers: { "Content-Type": "application/json" }, body: JSON.stringify(body) }
  const response = await fetch(path, body === undefined ? {} : json)
  if (response.status !== 403) return response
  say("This page is locked: open the new link in the terminal.")
  throw new Error("locked")
}

const fill = (element, html) => { element.innerHTML = policy.createHTML(html); loadParts(element) }
const part = async (path, element) => fill(element, await (await request(path)).text())

let quiet
function say(text) {
  const toast = $("#toast")
  toast.textContent = text
  toast.classList.add("on")
  clearTimeout(quiet)
  quiet = setTimeout(() => toast.classList.remove("on"), 2600)
}

async function copy(text) {
  try { await navigator.clipboard.writeText(text); say(`Copied ${text.slice(0, 90)}`) } catch { say(text.slice(0, 90)) }
}

function confirmed(title, content, yes) {
  const dialog = $("#ask")
  $("#ask-title").textContent = title
  $("#ask-body").replaceChildren(...content)
  $("#ask-yes").textContent = yes
  dialog.returnValue = "no"
  dialog.showModal()
  const close = resolve => dialog.addEventListener("close", () => resolve(dialog.returnValue === "yes"), { once: true })
  return new Promise(close)
}

const later = (wait, action, timer = 0) => (...values) => {
  clearTimeout(timer)
  timer = setTimeout(action, wait, ...values)
}

// Parts of a page that the server draws: data-load fetches one at once or when its details open, data-every again and
// again, data-until reloads the page once that is in it; links and forms with data-into fetch one into another element.
function loadParts(root) {
  for (const element of $$("[data-load]", root)) {
    const { load, every, until } = element.dataset
    if (element.tagName === "DETAILS") {
      element.addEventListener("toggle", () => part(load, $("div", element)), { once: true })
    } else if (every) {
      const again = async () => {
        if (!element.isConnected) return
        if (!document.hidden && !$("details[open]", element)) await part(load, element)
        if (until && $(until, element)) location.reload()
        else setTimeout(again, Number(every))
      }
      setTimeout(again, Number(every))
    } else part(load, element)
  }
}
function partPath(path, into) {
  const [base, query = ""] = path.split("?")
  return `${base}/${into.slice(1)}?${query}`
}
async function go(path, into, push = true) {
  if (push) history.pushState({ into }, "", path)
  const { name, selectionStart } = document.activeElement ?? {}
  await part(partPath(path, into), $(into))
  for (const link of $$(`a[data-into="${into}"]`)) link.classList.toggle("here", link.href === location.href)
  const again = name && $(`${into} [name="${name}"]`)
  again?.focus()
  if (again?.type === "search") again.setSelectionRange(selectionStart, selectionStart)
}
const narrow = later(180, form => {
  const query = new URLSearchParams([...new FormData(form)].filter(([, value]) => value))
  const path = `${form.getAttribute("action")}?${query}`, { into } = form.dataset
  if ("part" in form.dataset) return part(path, $(into))
  history.replaceState({ into }, "", path)
  go(path, into, false)
})
addEventListener("popstate", () => { if ($("[data-into]:not([data-part])")) location.reload() })
document.addEventListener("input", event => {
  const form = event.target.closest("form[data-into]")
  if (form) narrow(form)
})
document.addEventListener("submit", event => {
  if (event.target.dataset.into) { event.preventDefault(); narrow(event.target) }
})
document.addEventListener("click", async event => {
  const link = event.target.closest("a[data-into]"), button = event.target.closest("button")
  if (link && !event.ctrlKey && !event.metaKey) {
    event.preventDefault()
    const url = new URL(link.href.baseVal ?? link.href, location)
    await go(url.pathname + url.search, link.dataset.into)
  } else if (event.target.closest("[data-copy]")) copy(event.target.closest("[data-copy]").dataset.copy)
  else if (button?.dataset.post) { await request(button.dataset.post, {}); location.reload() }
})

// A value as a tree whose branches are made when they are opened. A click on a value copies its path for a flow.
const CHUNK = 100
const NAME = /^[A-Za-z_][\w-]*$/
const join = (path, key) => NAME.test(key) ? `${path}.${key}` : `${path}[${JSON.stringify(key)}]`
function leaf(key, value, path) {
  const kind = typeof value === "string" ? "str" : typeof value === "number" ? "num" : "lit"
  const name = key === null ? [] : [el("span", { class: "k" }, `${key}: `)]
  const button = el("button", { type: "button", "data-copy": path, title: path }, ...name,
    el("span", { class: kind }, JSON.stringify(value)))
  return el("div", { class: "leaf" }, button)
}
function branch(key, value, path, top = "payload") {
  if (value === null || typeof value !== "object" || !Object.keys(value).length) return leaf(key, value, path)
  const pairs = Array.isArray(value) ? value.map((one, index) => [index, one]) : Object.entries(value)
  const title = Array.isArray(value) ? null : value.name || value.slug || value.email || value.id
  const size = Array.isArray(value) ? `[${pairs.length}]` : `{${pairs.length}}`
  const inner = el("div")
  const summary = el("summary", {}, el("span", { class: "k" }, key === null ? top : String(key)), " ",
    el("span", { class: "n" }, size, typeof title === "string" ? ` ${title.slice(0, 60)}` : ""))
  const details = el("details", {}, summary, inner)
  let next = 0
  const more = () => {
    for (const [name, one] of pairs.slice(next, next + CHUNK)) inner.append(branch(name, one, join(path, name)))
    next += CHUNK
    const onclick = event => { event.target.remove(); more() }, rest = `… ${pairs.length - next} more`
    if (next < pairs.length) inner.append(el("button", { type: "button", onclick }, rest))
  }
  details.show = () => { details.open = true; if (!next) more() }
  details.addEventListener("toggle", () => { if (details.open) details.show() })
  return details
}
function tree(value, root, title) {
  const top = branch(null, value, root, title)
  // Open the way down to the records: single keys, and the first list.
  for (let node = top, depth = 0; node?.show && depth < 6; depth++) {
    node.show()
    const inner = $$(":scope > div > details", node)
    node = inner.length === 1 || depth < 3 ? inner[0] : null
  }
  return el("div", { class: "tree" }, top)
}

// The form of an action. A field that is not set is left out; nothing is filled in by itself.
const control = field => $("input:not([type=checkbox]), select, textarea", field)
function valueOf(field) {
  const { kind } = field.dataset
  if ($("[data-null]", field)?.checked) return null
  if ($("[data-empty]", field)?.checked) return ""
  if (kind === "boolean") return { true: true, false: false }[$("input:checked", field)?.value]
  const checked = $$(".many input:checked", field).map(box => box.value)
  if (kind === "choices") return checked.length ? checked : undefined
  const text = control(field).value
  if (text === "") return undefined
  if (kind === "number") return /^-?\d{1,15}(\.\d+)?$/.test(text.trim()) ? Number(text) : text
  if (kind === "list") return text.split("\n").map(line => line.trim()).filter(Boolean)
  if (kind === "json" || kind === "any") { try { return JSON.parse(text) } catch { return text } }
  return text
}
function setField(field, value) {
  const { kind } = field.dataset
  for (const box of $$("[data-null]", field)) box.checked = value === null
  for (const box of $$("[data-empty]", field)) box.checked = value === ""
  for (const radio of $$("[type=radio]", field)) radio.checked = radio.value === String(value ?? "")
  for (const box of $$(".many input", field)) box.checked = value?.includes(box.value) ?? false
  if (kind !== "boolean" && kind !== "choices") {
    const text = kind === "list" && Array.isArray(value) ? value.join("\n") : JSON.stringify(value, null, 1)
    control(field).value = value == null ? "" : typeof value === "string" ? value : text
    const picked = $(".picked", field)
    if (picked) picked.hidden = true
  }
}
function actionForm(form) {
  const fields = $$(".field", form), { key, label, variable } = form.dataset
  const touched = new Set()
  let words = {}, visible = "shell", turn = 0
  const pairs = () => fields.map(field => [field.dataset.key, valueOf(field)])
  const inputs = () => Object.fromEntries(pairs().filter(([, value]) => value !== undefined))
  const report = (problems, all) => {
    const byKey = Object.groupBy(problems, problem => problem.location.split(/[.[]/)[0])
    for (const field of fields) {
      const own = all || touched.has(field.dataset.key) ? byKey[field.dataset.key] : null, line = $(".error", field)
      const text = p => `${p.location.slice(field.dataset.key.length)} ${p.message}. ${p.hint ?? ""}`.trim()
      field.classList.toggle("is-wrong", !!own)
      Object.assign(line, { hidden: !own, textContent: own?.map(text).join(" ") ?? "" })
      for (const input of $$("input, select, textarea", field)) input.toggleAttribute("aria-invalid", !!own)
    }
    const others = problems.filter(problem => !fields.some(field => byKey[field.dataset.key]?.includes(problem)))
    $("#form-error").hidden = !all || !others.length
    $("#form-error").textContent = others.map(problem => `${problem.location} ${problem.message}`).join(" ")
    if (all) $(".is-wrong input, .is-wrong select, .is-wrong textarea", form)?.focus()
  }
  const showWords = () => { $("#snippet").textContent = words[visible] ?? "" }
  const check = later(150, async () => {
    const mine = ++turn, response = await request(`/snippets/${key}`, { inputs: inputs() })
    if (mine !== turn || !response.ok) return
    const { snippets, problems } = await response.json()
    words = snippets
    report(problems, false)
    showWords()
  })
  const changed = () => {
    const values = inputs()
    for (const field of fields) field.classList.toggle("is-set", field.dataset.key in values)
    $("#count").textContent = fields.length ? `${Object.keys(values).length} of ${fields.length} set` : ""
    check()
  }
  const setAll = values => { for (const field of fields) setField(field, values[field.dataset.key]); changed() }
  const draw = call => {
    fill($("#result"), call.html)
    $("#payload")?.append(tree(call.payload, `${variable}.results`))
    $("#next")?.addEventListener("click", () => { setAll(call.next); run() })
    $("#result").scrollTop = 0
  }
  const past = async (number, query = "") => {
    const response = await request(`/history/${number}${query}`)
    if (!response.ok) return
    const call = await response.json()
    if (!query) setAll(call.inputs)
    draw(call)
  }
  const run = async (how = "run", confirm = false) => {
    const button = $("button.main", form)
    if (button.disabled && how === "run") return
    if (how === "run") button.disabled = true
    try {
      const call = await (await request(`/call/${key}`, { inputs: inputs(), how, confirmed: confirm })).json()
      report(call.problems, true)
      words = call.snippets
      turn++
      showWords()
      part("/history", $("#history"))
      if (call.state !== "ask") return draw(call)
      const about = el("div", {})
      fill(about, call.html)
      button.disabled = false
      if (await confirmed(`${label}? This may not be undone.`, [about], label)) await run(how, true)
    } finally { if (how === "run") button.disabled = false }
  }
  form.addEventListener("input", event => { touched.add(event.target.closest(".field")?.dataset.key); changed() })
  form.addEventListener("submit", event => { event.preventDefault(); run() })
  $("#show")?.addEventListener("click", () => run("show"))
  for (const button of $$(".example", form)) button.addEventListener("click", () => {
    const area = $("textarea", button.parentElement)
    area.value = button.dataset.example
    area.focus()
    area.dispatchEvent(new Event("input", { bubbles: true }))
  })
  document.addEventListener("keydown", event => {
    if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) { event.preventDefault(); run() }
  })
  tabs($$("[data-snippet]"), tab => {
    visible = tab.dataset.snippet
    $("#snippet").setAttribute("aria-labelledby", tab.id)
    showWords()
  })
  $("#copy").addEventListener("click", () => copy(words[visible] ?? ""))
  $("#history").addEventListener("click", event => {
    const button = event.target.closest("[data-call]")
    if (button?.dataset.action === key) past(button.dataset.call)
    else if (button) location.href = `/actions/${button.dataset.action}#call-${button.dataset.call}`
  })
  for (const place of $$(".picker", form)) picker(place, inputs)
  $("#result").addEventListener("click", ({ target }) => {
    if (target.dataset.reveal) past(target.dataset.reveal, "?reveal=1")
  })
  const number = location.hash.match(/^#call-(\d+)$/)?.[1]
  if (number) past(number)
  changed()
}

function tabs(buttons, choose) {
  const select = chosen => {
    for (const tab of buttons) tab.setAttribute("aria-selected", tab === chosen)
    for (const tab of buttons) tab.tabIndex = tab === chosen ? 0 : -1
    choose(chosen)
  }
  const { length } = buttons
  buttons.forEach((tab, number) => {
    tab.addEventListener("click", () => select(tab))
    tab.addEventListener("keydown", event => {
      const next = buttons[(number + length + ({ ArrowRight: 1, ArrowLeft: -1 }[event.key] ?? 0)) % length]
      if (next !== tab) { select(next); next.focus() }
    })
  })
}

function actionSearch(field) {
  const list = $("#actions"), operations = $("#operations")
  document.addEventListener("keydown", event => {
    if (event.key !== "/" || /INPUT|TEXTAREA|SELECT/.test(document.activeElement.tagName)) return
    event.preventDefault()
    field.focus()
  })
  field.addEventListener("focus", () => list.classList.add("open"))
  const filter = () => {
    const words = field.value.toLowerCase().split(/\s+/)
    for (const group of $$("details:not(#operations)", list)) {
      for (const li of $$("li", group)) li.hidden = !words.every(word => $("a", li).dataset.find.includes(word))
      group.hidden = !$("li:not([hidden])", group)
      group.open = field.value ? true : !!$("[aria-current]", group)
    }
  }
  const openOperations = () => { if (operations && field.value) operations.open = true }  // fetches them
  field.addEventListener("input", () => { openOperations(); filter() })
  if (operations) new MutationObserver(filter).observe($("div", operations), { childList: true })
  field.addEventListener("keydown", event => {
    if (event.key === "Enter") $("details:not([hidden]) li:not([hidden]) a", list)?.click()
  })
}

// A field whose values are offered: the pattern "combobox with list" of the ARIA guide.
function picker(place, inputs) {
  const input = $("input", place), list = $("ul", place), picked = $(".picked", place)
  const needs = place.dataset.needs.split(" ").filter(Boolean)
  let position = -1, turn = 0
  const options = () => $$("li[role=option]", list)
  const note = text => el("li", { class: "note", role: "option", "aria-disabled": "true" }, text)
  const close = () => {
    list.hidden = true
    input.setAttribute("aria-expanded", "false")
    input.removeAttribute("aria-activedescendant")
    position = -1
  }
  const mark = number => {
    const all = options().filter(li => li.dataset.value !== undefined)
    if (!all.length) return
    position = (number + all.length) % all.length
    all.forEach((li, index) => li.setAttribute("aria-selected", index === position))
    input.setAttribute("aria-activedescendant", all[position].id)
    all[position].scrollIntoView({ block: "nearest" })
  }
  const choose = li => {
    input.value = li.dataset.value
    picked.textContent = li.firstChild.textContent
    picked.hidden = false
    input.dispatchEvent(new Event("input", { bubbles: true }))
    turn++
    close()
  }
  const open = async () => {
    const mine = ++turn, values = inputs(), missing = needs.find(name => !(name in values))
    const query = new URLSearchParams([["search", input.value], ...needs.map(name => [name, values[name] ?? ""])])
    const found = missing ? { error: { message: `Set ${missing} to see the choices.` } }
      : await (await request(`/choices/${place.dataset.source}?${query}`)).json()
    if (mine !== turn || document.activeElement !== input) return
    const rows = (found.result ?? []).map((one, index) => el("li", { role: "option", id: `${list.id}-${index}`,
      "data-value": one.key, "aria-selected": "false" }, el("bdi", {}, one.label), el("code", {}, one.key)))
    const rest = (found.total ?? 0) - rows.length
    if (found.error) rows.push(note(found.error.message))
    else if (!found.total) rows.push(note("No match. You can type an ID."))
    else if (rest > 0) rows.push(note(`${rest.toLocaleString("en")} more: type to narrow`))
    list.replaceChildren(...rows)
    list.hidden = false
    position = -1
    input.setAttribute("aria-expanded", "true")
  }
  const soon = later(120, open)
  input.addEventListener("input", event => { if (event.isTrusted) { picked.hidden = true; soon() } })
  input.addEventListener("focus", soon)
  input.addEventListener("blur", () => { turn++; setTimeout(close, 150) })
  input.addEventListener("keydown", event => {
    if (event.key === "ArrowDown" || event.key === "ArrowUp") {
      event.preventDefault()
      if (list.hidden) open()
      else mark(position + (event.key === "ArrowDown" ? 1 : position < 0 ? 0 : -1))
    } else if (event.key === "Enter" && !list.hidden && position >= 0 && !event.ctrlKey) {
      event.preventDefault()
      choose(options()[position])
    } else if (event.key === "Escape") close()
  })
  list.addEventListener("mousedown", event => {
    const li = event.target.closest("[data-value]")
    if (li) { event.preventDefault(); choose(li) }
  })
}

// The sandbox: each control does one thing, then the page shows the new state.
function sandboxControls() {
  const act = async body => {
    const response = await request("/sandbox", body), line = $("#control-error")
    if (response.ok) return location.reload()
    const { error } = await response.json()
    Object.assign(line, { hidden: false, textContent: `${error.message} ${error.hint ?? ""}` })
  }
  $("#fault").addEventListener("submit", event => {
    event.preventDefault()
    act({ do: "add-fault", fault: event.target.fault.value })
  })
  document.addEventListener("click", async event => {
    const button = event.target.closest("[data-do]")
    if (!button) return
    const { do: name, fault, ask, about } = button.dataset
    if (!ask || await confirmed(ask, [el("p", {}, about)], button.textContent)) act({ do: name, fault })
  })
  document.addEventListener("change", async event => {
    const { assume } = event.target.dataset
    if (assume) act({ do: "assume", name: assume, value: event.target.value })
    if (event.target.id !== "load") return
    const [file] = event.target.files, { ask, about } = event.target.dataset
    const seed = await file.text().then(JSON.parse).catch(() => say("The file is not JSON."))
    event.target.value = ""  // the same file can be chosen again
    if (seed !== undefined && await confirmed(ask, [el("p", {}, about)], "Load")) act({ do: "load", seed })
  })
}

// Flows: a click on a step shows it; a run is followed until it ends.
function flowPage() {
  const panel = $("#step"), controls = $("#run"), run = controls?.dataset.run
  let pressed, drawn = 0, misses = 0
  const box = name => $$(".box").find(button => button.dataset.step === name)
  const open = async (button, path = button.dataset.step) => {
    pressed?.setAttribute("aria-pressed", "false")
    pressed = button
    button.setAttribute("aria-pressed", "true")
    button.scrollIntoView({ block: "nearest" })
    panel.replaceChildren($("template", button.parentElement).content.cloneNode(true))
    const place = $("[data-ran]", panel)
    const step = run ? await (await request(`/runs/${run}/step?path=${encodeURIComponent(path)}`)).json() : {}
    if (!step.path) return
    place.append(el("h3", {}, `In this run: ${step.state}`), el("p", { class: "sub" }, step.path))
    if (step.error) place.append(el("pre", { class: "error" }, step.error))
    for (const name of ["inputs", "results"]) {
      if (name in step) place.append(tree(step[name], `${step.path.split("/").pop()}.${name}`, name))
    }
  }
  const act = async (path, body, title) => {
    const outcome = await (await request(path, body)).json(), content = el("div", { class: "card" })
    if (outcome.run) return location.assign(`/runs/${outcome.run}`)
    fill(content, outcome.html)
    if (!outcome.ask) $("#outcome").replaceChildren(content)
    else if (await confirmed(`${title}?`, [content], title)) return act(path, { ...body, confirmed: true }, title)
    if (run) part(`/runs/${run}/controls`, controls)
  }
  const show = async (state, force) => {
    for (const button of $$(".box")) {
      const step = state.steps[button.dataset.step]
      button.dataset.state = step?.state ?? ""
      $(".state", button).textContent = step?.text ?? ""
    }
    if (!force && performance.now() - drawn < 700) return
    drawn = performance.now()
    await part(`/runs/${run}/timeline`, $("#timeline"))
  }
  if (run) {
    const source = new EventSource(`/runs/${run}/events`)
    source.onmessage = event => show(JSON.parse(event.data))
    source.onopen = () => { if (misses > 2) location.reload(); misses = 0 }
    source.onerror = () => {  // the browser tries again every second, unless the page is locked
      if (++misses !== 3 && source.readyState !== EventSource.CLOSED) return
      $("#status").textContent = "connection lost"
      $("#outcome").textContent = "The connection is lost. Open the link that the terminal prints."
    }
    source.addEventListener("end", async event => {
      source.close()
      await show(JSON.parse(event.data), true)
      await part(`/runs/${run}/controls`, controls)
      document.body.dataset.ended = ""
    })
  }
  const openLine = line => open(box(line.dataset.of), line.dataset.path)
  document.addEventListener("keydown", event => {
    const line = event.target.closest?.(".line")
    if (line && (event.key === "Enter" || event.key === " ")) { event.preventDefault(); openLine(line) }
  })
  document.addEventListener("click", event => {
    const button = event.target.closest("button"), line = event.target.closest(".line")
    if (line) openLine(line)
    else if (button?.matches(".box")) open(button)
    else if (button?.dataset.goto) open(box(button.dataset.goto))
    else if (button?.id === "resume") act(`/runs/${run}/resume`, {}, "Resume")
    else if (button?.id === "undo") act(`/runs/${run}/undo`, {}, "Undo")
  })
  document.addEventListener("submit", event => {
    const form = event.target, pairs = $$("[data-variable]", form).map(input => [input.dataset.variable, input.value])
    if (!form.matches("#start, .settle")) return
    event.preventDefault()
    const values = { payload: $("#payload")?.value, branch: $("#branch")?.value, config: Object.fromEntries(pairs) }
    if (form.id === "start") return act(form.dataset.path, values, "Run")
    const { path } = form.dataset, happened = event.submitter?.value === "yes"
    act(`/runs/${run}/settle`, { path, results: form.results.value, happened }, "Settle")
  })
}

loadParts(document)
if ($(".canvas")) flowPage()
if ($("#form")) actionForm($("#form"))
if ($("#find")) actionSearch($("#find"))
if ($("#fault")) sandboxControls()
