// Loads something of its own while it is installed.
self.addEventListener('install', (event) => {
  event.waitUntil(fetch('/api/worker.json').then((answer) => answer.json()).then(() => self.skipWaiting()));
});
self.addEventListener('activate', (event) => event.waitUntil(self.clients.claim()));
