const answer = location.hash.slice(1);
history.replaceState(null, "", location.pathname);
const region = document.querySelector("[role=status]");
const show = (page) => {
  document.title = page.title;
  const news = page.querySelector("[role=status]");
  region.className = news.className;
  region.replaceChildren(...news.childNodes);
};
const sorry = () => {
  region.className = "bad";
  document.title = "Sign-in failed";
  region.querySelector("h1").textContent = document.title;
  region.querySelector("p").textContent =
    "The command in the terminal has stopped listening. Run it again.";
};
fetch(location.pathname, {
  method: "POST",
  headers: { "Content-Type": "application/x-www-form-urlencoded" },
  body: answer,
  credentials: "omit",
  referrerPolicy: "origin",
})
  .then((reply) => reply.text())
  .then((text) => show(new DOMParser().parseFromString(text, "text/html")))
  .catch(sorry);
