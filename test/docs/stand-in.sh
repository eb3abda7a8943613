#!/usr/bin/env bash
# Stands in the place of a program that a page's commands cannot really call here. What the test's
# table (elsewhere.ts) names is noted and taken as done, what harms nobody is passed on to the real
# program, and everything else fails.
name=${0##*/}
called="$name${*:+ $*}"

if grep -qxF -- "$called" "$DOCS_ELSEWHERE"; then
  printf '%s\n' "$called" >>"$DOCS_CALLED"
  exit 0
fi
# npx takes much longer to find the command beside it than the command to run.
if [[ $called == 'npx risoluto '* && -z ${DOCS_REAL_NPX:-} ]]; then
  shift
  exec risoluto "$@"
fi
case $called in
  'npm start' | 'npm start '* | 'npm run quickstart' | 'npx risoluto' | 'npx risoluto '*) ;;
  # From an image that the engine has, and without a step that asks the network.
  'docker build -t team-sandbox:1 team-sandbox') ;;
  'docker pull '* | 'docker push '* | 'docker login'* | 'docker build '* | 'docker buildx '*) refused=1 ;;
  'git clone '* | 'git fetch'* | 'git pull'* | 'git push'*) refused=1 ;;
  'docker '* | 'git '*) ;;
  'sudo '*)
    while [[ ${1:-} == -* ]]; do shift; done
    exec env "$@"
    ;;
  *) refused=1 ;;
esac
if [[ -n ${refused:-} ]]; then
  echo "this test does not run \`$called\`: name it, and what proves it, in test/docs/elsewhere.ts" >&2
  exit 99
fi
PATH=$DOCS_PATH exec "$name" "$@"
