// The server does everything. A hint is shown in the output panel, which keeps its columns; a notification of VS Code does not.
const { window, workspace } = require("vscode");
const { LanguageClient } = require("vscode-languageclient/node");

let client;

exports.activate = () => {
  const command = workspace.getConfiguration("backprop-check").get("command");
  const panel = window.createOutputChannel("backprop-check: hints");
  client = new LanguageClient(
    "backprop-check",
    "backprop-check",
    { command, args: ["lsp"] },
    {
      documentSelector: [{ scheme: "file", language: "python" }],
      middleware: {
        executeCommand: async (name, args, next) => {
          const text = await next(name, args);
          if (typeof text === "string") {
            panel.appendLine(text + "\n");
            panel.show(true);
          }
          return text;
        },
      },
    },
  );
  return client.start();
};

exports.deactivate = () => client?.stop();
