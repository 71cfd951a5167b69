# Makes the files of `repo.git` and `work`, with git 2.47, below the directory that is given: a repository `repo.git`, one pack and some loose objects; its work tree is `work` (`core.worktree`).
set -e
export GIT_CONFIG_GLOBAL=/dev/null GIT_CONFIG_NOSYSTEM=1 GIT_AUTHOR_NAME='Ada Lovelace' GIT_AUTHOR_EMAIL=ada@example.com GIT_COMMITTER_NAME='Ada Lovelace' GIT_COMMITTER_EMAIL=ada@example.com
F=$1; rm -rf "$F"; mkdir -p "$F"; cd "$F"
git init -q -b main --separate-git-dir=repo.git work 
cd work
t=1767225600
at() { t=$((t+3600)); export GIT_AUTHOR_DATE="$t +0100" GIT_COMMITTER_DATE="$t +0100"; }
c() { at; git add -A; git commit -q -m "$1"; }
mkdir -p src docs
seq 1 60 | sed 's/^/line /' > src/numbers.txt
printf 'fn main() {\n    println!("hello");\n}\n' > src/main.rs
printf '# Project\n\nA small project.\n' > README.md
c 'Add the first files'
sed -i 's/hello/hello, world/' src/main.rs
c 'Greet the world

The greeting was too short.'
git tag v0.1
sed -i 's/^line 30$/line thirty/; s/^line 50$/line fifty/' src/numbers.txt
printf '\0\1\2binary' > docs/logo.bin
ln -s ../README.md docs/readme
c 'Change numbers, add a logo and a link'
at; GIT_AUTHOR_NAME=x; export GIT_AUTHOR_NAME='Ada Lovelace'
git checkout -q -b topic HEAD~1
printf 'fn main() {\n    // The greeting.\n    println!("hello, world");\n}\n\nfn other() {}\n' > src/main.rs
export GIT_AUTHOR_NAME='Charles Babbage' GIT_AUTHOR_EMAIL=charles@example.com
c 'Explain the greeting'
export GIT_AUTHOR_NAME='Ada Lovelace' GIT_AUTHOR_EMAIL=ada@example.com
git checkout -q main
at; git merge -q --no-ff -m "Merge topic" topic
at; git tag -a v1.0 -m 'The first release

With notes.'
git gc -q; git repack -q -a -d -f --depth=20 --window=20
chmod +x src/main.rs; printf '*.log\n/build/\n!keep.log\n' > .gitignore; git rm -q docs/readme
printf 'Last line without end' > docs/end.txt
c 'Make main.rs executable, ignore logs'
# The work tree: staged, changed, deleted, untracked and ignored files.
printf 'staged\n' > staged.txt; git add staged.txt
printf '# Project\n\nA larger project.\n' > README.md; git add README.md
printf '# Project\n\nAn even larger project.\n' > README.md
rm docs/end.txt
mkdir -p new/deep build; echo u > new/deep/untracked.txt; echo i > debug.log; echo k > keep.log; echo b > build/out
git status --porcelain=v2 --branch
cd ..; rm work/.git
cd repo.git; git config core.worktree ../work; rm -rf hooks info/exclude description logs COMMIT_EDITMSG ORIG_HEAD branches FETCH_HEAD packed-refs.lock gc.log objects/info/commit-graph* objects/pack/*.rev
find . -type f
