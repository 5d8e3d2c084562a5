// Lines to type. A test reads each as the command line does, and finds one for every command.

#include <array>

#include "cli/command_info.h"

namespace remit::cli {
namespace {

constexpr std::array kExamples = {
    "remit init",
    "remit init --data /var/lib/remit",
    "remit serve",
    "remit serve --detach",
    "remit serve --config /etc/remit/remit.toml",
    "remit stop",
    "remit status",
    "remit status -o json",
    "remit metrics",
    "remit demo --once",
    "remit backup /srv/backups/monday",
    "remit restore /srv/backups/monday",
    "remit restore /srv/backups/monday --checkpoint checkpoint-of-sunday",
    "remit confirm restore --by ana@acme.test --reason \"kills of that week done again\"",
    "remit verify state",
    "remit version",
    "remit help agent register",
    "remit completion bash > ~/.local/share/bash-completion/completions/remit",
    "remit completion zsh",
    "remit completion fish",
    "remit man /usr/local/share/man/man1",
    "remit issuer rotate --env production --by ana@acme.test --reason \"a year has passed\"",
    "remit human add ana@acme.test",
    "remit human list",
    "remit human leave ana@acme.test",
    "remit agent register invoice-bot --env production --owner ana@acme.test --deputy raj@acme.test "
    "--purpose \"Pay invoices\" "
    "--process accounts-payable --key-out invoice-bot.jwk",
    "remit agent register invoice-bot --env sandbox --owner ana@acme.test --purpose Test --process "
    "accounts-payable "
    "--public-key invoice-bot.pem --expires 30d",
    "remit agent list",
    "remit agent show invoice-bot",
    "remit agent can invoice-bot --env production",
    "remit agent approve invoice-bot --env production --by raj@acme.test",
    "remit agent owner invoice-bot --owner raj@acme.test --by ana@acme.test",
    "remit agent retire invoice-bot --env sandbox --reason \"the test is over\"",
    "remit agent renew invoice-bot --env production --expires 90d --by raj@acme.test",
    "remit agent suspend invoice-bot --env production --reason \"odd calls\" --by ana@acme.test",
    "remit agent suspend invoice-bot --env production --exposed --reason \"its key was mailed\" --by "
    "ana@acme.test",
    "remit agent kill invoice-bot --reason \"odd calls\" --by ana@acme.test",
    "remit agent lift invoice-bot --env production --hold drift --reason \"the prompt is back\" --by "
    "raj@acme.test",
    "remit agent lift invoice-bot --kill all --reason \"found the cause\" --by raj@acme.test",
    "remit agent key add invoice-bot --env production --public-key next.pem --by raj@acme.test",
    "remit agent key list invoice-bot --env production",
    "remit agent key revoke invoice-bot --env production --key cred_01J9Z3",
    "remit destination add erp --env production --owner ana@acme.test --data-class confidential --by "
    "raj@acme.test "
    "--url https://erp.acme.test/mcp --secret Authorization=erp-token.txt",
    "remit destination add notes --env sandbox --owner ana@acme.test --data-class internal --reads "
    "/srv/notes "
    "--command -- npx -y @modelcontextprotocol/server-filesystem /srv/notes",
    "remit destination set erp --env production --url https://erp2.acme.test/mcp --by raj@acme.test",
    "remit destination set notes --env sandbox --owner raj@acme.test --data-class confidential",
    "remit destination set notes --env sandbox --secret API_KEY=key.txt --drop-var LOG",
    "remit destination list",
    "remit destination show erp --env production",
    "remit destination scan erp --env production",
    "remit destination retire erp --env sandbox",
    "remit tool list --env production",
    "remit tool classify erp/create_payment --env production --effect pay --data-class confidential --by "
    "raj@acme.test",
    "remit tool grant erp/create_payment erp/list_invoices --env production --agent invoice-bot --by "
    "raj@acme.test",
    "remit tool revoke erp/create_payment --env production --agent invoice-bot",
    "remit tool change erp/create_payment --env production",
    "remit tool approve-change erp/create_payment --env production --digest 9f2c1a --by raj@acme.test",
    "remit tool grant --filter effect=read --env production --agent invoice-bot --by raj@acme.test",
    "remit call list_invoices --agent invoice-bot --env sandbox --key invoice-bot.jwk",
    "remit call erp/create_payment '{\"amount\": 10}' --agent invoice-bot --env sandbox --key "
    "invoice-bot.jwk",
    "remit token mint --agent invoice-bot --env sandbox --key invoice-bot.jwk",
    "remit explain dec_01J9Z3",
    "remit explain RMT-D020",
    "remit policy validate production.cedar --env production",
    "remit policy schema --env production",
    "remit policy publish production.cedar --env production --by raj@acme.test",
    "remit policy show --env production",
    "remit policy show 3 --env production",
    "remit policy history --env production",
    "remit policy rollback 3 --env production --by raj@acme.test",
    "remit policy test cases.json --env production --policies production.cedar",
    "remit policy format --check production.cedar",
    "remit policy convert production.cedar --to json",
    "remit policy authorize --policies p.cedar --entities e.json --request r.json",
    "remit policy explain --policies p.cedar --entities e.json --request r.json",
    "remit audit tail --follow",
    "remit audit list --env production --effect delete --since 2026-03-01 --until 2026-04-01",
    "remit audit could --env production --effect delete --data-class customer --since 30d",
    "remit audit show 41",
    "remit audit reveal 41",
    "remit audit prove 41 --out 41.tlog-proof",
    "remit audit names --out names.jsonl",
    "remit audit verify /srv/remit-log --key remit-log.pub",
    "remit audit key",
    "remit config check /etc/remit/remit.toml",
    "remit config reference",
    "remit config example > remit.toml",
};

}  // namespace

std::vector<std::string> examples_of(std::string_view path) {
  std::vector<std::string> lines;
  for (const std::string_view example : kExamples)
    if (example == path || (example.starts_with(path) && example[path.size()] == ' '))
      lines.emplace_back(example);
  return lines;
}

}  // namespace remit::cli
