// Fills the page, then waits for the service worker; data-state tells how far it came.
async function show() {
  const answer = await fetch('/api/notices.json');
  const { notices } = await answer.json();
  const main = document.getElementById('notices');
  main.replaceChildren(...notices.map((notice) => {
    const section = document.createElement('section');
    section.className = 'notice';
    const title = document.createElement('h2');
    title.textContent = `${notice.number}. ${notice.title}`;
    const body = document.createElement('p');
    body.textContent = notice.body;
    section.append(title, body);
    return section;
  }));
  document.body.dataset.state = 'shown';
  if ('serviceWorker' in navigator) {
    await navigator.serviceWorker.register('/worker.js');
    await navigator.serviceWorker.ready;
    document.body.dataset.state = 'worker';
  }
}
show();
