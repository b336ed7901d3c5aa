// The forms of the nodes; `catalog` is the content of catalog.json.
const KEY = "__KEY__";
const DYNAMIC = ["msg", "flow", "global", "env", "jsonata"];
const UNSET = { value: "unset", label: "not set", hasValue: false };
const LABEL_WIDTH = "145px";
const WIDTH = `calc(100% - ${LABEL_WIDTH} - 10px)`;

const configured = catalog.connection.fields.filter((field) => !field.secret);
const defaults = Object.fromEntries(configured.map((field) => [`field_${field.key}`, { value: "" }]));
const secrets = catalog.connection.fields.filter((field) => field.secret);

function row(parent, label, title) {
  const element = $("<div class='form-row'>").appendTo(parent);
  $("<label>").css("width", LABEL_WIDTH).text(label).attr("title", title || "").appendTo(element);
  return element;
}

function connectionField(field, box) {
  const id = `node-config-input-${field.secret ? field.key : `field_${field.key}`}`;
  const label = field.label + (field.required ? " *" : "");
  const element = row(box, label, field.description);
  $(element).find("label").attr("for", id);
  if (!field.choices) {
    $("<input>").attr({ id, type: field.secret ? "password" : "text" }).css("width", WIDTH).appendTo(element);
    return;
  }
  const select = $("<select>").attr("id", id).css("width", WIDTH).appendTo(element);
  select.append($("<option value=''>").text("not set"));
  field.choices.forEach((choice) => select.append($("<option>").val(choice.value).text(choice.label)));
}

RED.nodes.registerType(`${KEY}-connection`, {
  category: "config",
  defaults: {
    name: { value: "" },
    mode: { value: "child" },
    url: { value: "http://127.0.0.1:4030" },
    remote: { value: "" },
    command: { value: "" },
    readOnly: { value: false },
    ...defaults,
  },
  credentials: Object.fromEntries([...secrets.map((field) => field.key), "serverKey"].map((key) => [key, { type: "password" }])),
  label() {
    return this.name || `${catalog.label} (${this.mode === "url" ? this.url : "started by Node-RED"})`;
  },
  oneditprepare() {
    const box = $(".mode-child-fields");
    catalog.connection.fields.forEach((field) => connectionField(field, box));
    for (const field of configured) $(`#node-config-input-field_${field.key}`).val(this[`field_${field.key}`] || "");
    for (const { key } of secrets) {
      const stored = this.credentials || {};
      $(`#node-config-input-${key}`).val(stored[key] || (stored[`has_${key}`] ? "__PWRD__" : ""));
    }
    const show = () => {
      const isUrl = $("#node-config-input-mode").val() === "url";
      $(".mode-url").toggle(isUrl);
      $(".mode-child").toggle(!isUrl);
    };
    $("#node-config-input-mode").on("change", show);
    show();
  },
});

/** The types of a field's typed input; the first one is that of a new node. */
function typesOf(field) {
  const choices = field.choices && field.choices.map((choice) => ({ value: choice.value, label: choice.label }));
  const own = choices ? [{ value: "str", label: "choice", options: choices }] : field.types;
  return [...(field.required ? [] : [UNSET]), ...own, ...DYNAMIC];
}

function typeName(type) {
  return typeof type === "string" ? type : type.value;
}

function input(field, stored, box) {
  const element = row(box, field.label + (field.required ? " *" : ""), field.description);
  const types = typesOf(field);
  const id = `${KEY}-value-${field.key}`;
  $(element).find("label").attr("for", id);
  const control = $("<input type='text'>").attr("id", id).css("width", WIDTH).data("key", field.key).appendTo(element);
  control.typedInput({ types, default: typeName(types[0]) });
  control.typedInput("type", stored ? stored.type : typeName(types[0]));
  control.typedInput("value", stored ? stored.value : "");
  const example = field.example !== undefined && typeof field.example !== "object" ? ` Example: ${field.example}` : "";
  const note = $("<div style='font-size:smaller;color:var(--red-ui-secondary-text-color)'>").css("margin-left", LABEL_WIDTH);
  note.text(`${field.description || ""}${example}`).appendTo(element);
  if (field.source) picker(field, control, note, element);
}

/** A list of live choices below a field: the arrow keys select one, Enter or a double click takes it. */
function picker(field, control, note, element) {
  const button = $("<button type='button' class='red-ui-button red-ui-button-small'>").css("margin-left", LABEL_WIDTH);
  button.attr("aria-expanded", "false").append("<i class='fa fa-search'></i> ", $("<span>").text("Choose...")).appendTo(element);
  const list = $("<select size='6'>").attr({ id: `${KEY}-pick-${field.key}`, "aria-label": `${field.label}: choices` });
  list.css({ "margin-left": LABEL_WIDTH, width: WIDTH }).hide().appendTo(element);
  const close = () => {
    list.hide();
    button.attr("aria-expanded", "false").trigger("focus");
  };
  const take = () => {
    if (!list.val()) return;
    control.typedInput("type", "str");
    control.typedInput("value", list.val());
    note.text(list.find(":selected").text());
    close();
  };
  const show = (choices) => {
    list.empty().show();
    choices.forEach((choice) => list.append($("<option>").val(choice.key).text(`${choice.label} (${choice.key})`)));
    if (!choices.length) list.append("<option disabled>no choices</option>");
    list.prop("selectedIndex", 0);
    button.attr("aria-expanded", "true");
    list.trigger("focus");
  };
  button.on("click", () => {
    if (list.is(":visible")) return close();
    const connection = $("#node-input-connection").val();
    button.prop("disabled", true);
    $.getJSON(`${KEY}/${connection}/choices/${field.source}`)
      .done(show)
      .fail((failure) => RED.notify((failure.responseJSON || {}).error || failure.statusText, "error"))
      .always(() => button.prop("disabled", false));
  });
  list.on("dblclick", take).on("keydown", (event) => {
    if (event.key === "Enter") take();
    else if (event.key === "Escape") close();
    else return;
    event.preventDefault();
    event.stopPropagation();
  });
}

function register(resource, actions) {
  const byKey = Object.fromEntries(actions.map((action) => [action.key, action]));
  const noun = resource.replaceAll("_", " ");
  RED.nodes.registerType(`${KEY}-${resource}`, {
    category: catalog.label,
    color: "#7fd1ae",
    icon: `${KEY}.png`,
    inputs: 1,
    outputs: 1,
    defaults: {
      name: { value: "" },
      connection: { value: "", type: `${KEY}-connection`, required: true },
      action: { value: actions[0].key, required: true },
      values: { value: {} },
      overlay: { value: false },
      output: { value: "payload" },
    },
    paletteLabel: noun,
    label() {
      return this.name || (byKey[this.action] || { label: noun }).label;
    },
    oneditprepare() {
      const node = this;
      const box = $(`#${KEY}-fields`);
      const select = $("#node-input-action").empty();
      for (const action of actions) {
        const notes = [["destructive", "any"].includes(action.effect) ? "destructive" : "", action.stability === "v1" ? "" : action.stability];
        const noted = notes.filter(Boolean).join(", ");
        select.append($("<option>").val(action.key).text(noted ? `${action.label} (${noted})` : action.label));
      }
      const render = () => {
        const action = byKey[select.val()];
        box.empty();
        $(`#${KEY}-help`).text(action.description);
        $(`#${KEY}-output`).toggle(action.paginated);
        const stored = select.val() === node.action ? node.values : {};
        action.fields.forEach((field) => input(field, (stored || {})[field.key], box));
      };
      select.val(node.action).on("change", render);
      render();
    },
    oneditsave() {
      const values = {};
      $(`#${KEY}-fields input`).each(function () {
        const control = $(this);
        if (!control.data("key")) return;
        const [type, value] = [control.typedInput("type"), control.typedInput("value")];
        if (type !== "unset") values[control.data("key")] = { type, value };
      });
      this.values = values;
    },
  });
}

Object.entries(catalog.resources).forEach(([resource, actions]) => register(resource, actions));
