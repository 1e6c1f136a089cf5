-- Prosody with the services that are measured: archive, carbons, stream management. No limits.
local run = os.getenv("BENCH_FOLDER")
local port = tonumber(os.getenv("BENCH_PORT"))
run_as_root = true
pidfile = run .. "/pid"
data_path = run .. "/data"
certificates = run
network_backend = "epoll"
network_settings = { tcp_backlog = 1024 }
interfaces = { "127.0.0.1" }
local_interfaces = { "127.0.0.1" }
c2s_ports = { port }
c2s_direct_tls_ports = {}
s2s_ports = {}
http_ports = { port + 1 }
http_interfaces = { "127.0.0.1" }
https_ports = {}
http_default_host = "localhost"
consider_websocket_secure = true
modules_enabled = {
  "roster"; "saslauth"; "tls"; "disco"; "carbons"; "smacks"; "mam"; "ping"; "register_ibr"; "posix";
  "presence"; "message"; "iq"; "websocket"; "http";
}
modules_disabled = { "s2s"; "offline" }
allow_registration = true
c2s_require_encryption = false
allow_unencrypted_plain_auth = true
authentication = "internal_hashed"
password_hash = os.getenv("BENCH_HASH") or "SHA-1"
storage = os.getenv("BENCH_STORAGE") or "internal"
default_archive_policy = true
max_archive_query_results = 50
log = { warn = run .. "/log" }
ssl = { key = run .. "/key.pem", certificate = run .. "/cert.pem" }
VirtualHost "localhost"
Component "rooms.localhost" "muc"
  modules_enabled = { "muc_mam" }
  restrict_room_creation = false
