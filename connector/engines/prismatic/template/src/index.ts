import { action, type ActionLogger, component, connection, dataSource, type Inputs } from "@prismatic-io/spectral";
import { examples } from "./examples";
import { about, actions, connections, dataSources, ownCode } from "./operations";
import { choicesOf } from "./runtime/choices";
import { Client } from "./runtime/client";
import type { Fields } from "./runtime/fields";
import { type Action, performOperation } from "./runtime/operations";
import type { Values } from "./runtime/values";

const exampleOf = (key: string) => examples[key] as never;

const formsOf = (fields: Fields): Inputs =>
  Object.fromEntries(Object.entries(fields).map(([key, { form }]) => [key, form]));

const withConnection = (key: string, fields: Fields): Inputs => ({
  [key]: { type: "connection", label: "Connection", required: true },
  ...formsOf(fields),
});

/** Opens a connection for one call, and closes it whatever happens. */
async function withClient<Result>(
  key: string,
  connectionValue: unknown,
  logger: ActionLogger,
  work: (client: Client) => Promise<Result>,
): Promise<Result> {
  const client = new Client(connections, key, connectionValue, logger);
  try {
    return await work(client);
  } finally {
    client.close();
  }
}

const actionOf = (row: Action) =>
  action({
    display: row.display,
    // Prismatic may run a safe action by itself to show reference data.
    performSafety: row.effect === "read" ? "safe" : "notAllowed",
    inputs: withConnection(row.connectionInput, row.inputs),
    examplePayload: exampleOf(row.key),
    perform: async ({ logger }, params: Values) =>
      withClient(row.key, params[row.connectionInput], logger, (client) =>
        (ownCode[row.key] ?? performOperation)(client, row, params),
      ),
  });

const dataSourceOf = (row: (typeof dataSources)[number]) =>
  dataSource({
    display: row.display,
    dataSourceType: "picklist",
    inputs: withConnection("connection", row.inputs),
    examplePayload: exampleOf(row.key),
    perform: async ({ logger }, params: Values) =>
      withClient(row.key, params.connection, logger, async (client) => ({
        result: await choicesOf(client, row, actions.find(({ key }) => key === row.list) as Action, params),
      })),
  });

export default component({
  ...about,
  connections: connections.map(({ key, display, fields }) =>
    connection({ key, display, inputs: formsOf(fields) as Parameters<typeof connection>[0]["inputs"] }),
  ),
  actions: Object.fromEntries(actions.map((row) => [row.key, actionOf(row)])),
  dataSources: Object.fromEntries(dataSources.map((row) => [row.key, dataSourceOf(row)])),
});
