# The part of nixpkgs' library that the stand-ins and the fixture use.
let
  inherit (builtins)
    concatStringsSep
    elemAt
    isFunction
    length
    listToAttrs
    map
    mapAttrs
    replaceStrings
    stringLength
    substring
    ;

  lib = {
    inherit (builtins)
      all
      any
      attrNames
      attrValues
      concatMap
      concatStringsSep
      elem
      filter
      foldl'
      hasAttr
      head
      isAttrs
      isList
      isString
      length
      listToAttrs
      mapAttrs
      removeAttrs
      tail
      toJSON
      ;

    version = "26.05";

    id = x: x;
    const = x: _: x;
    isFunction = f: isFunction f || (f ? __functor && lib.isFunction (f.__functor f));
    throwIf = condition: message: if condition then throw message else lib.id;

    optional = condition: x: if condition then [ x ] else [ ];
    optionals = condition: xs: if condition then xs else [ ];
    optionalAttrs = condition: attrs: if condition then attrs else { };
    optionalString = condition: string: if condition then string else "";

    last = xs: elemAt xs (length xs - 1);
    flatten = x: if builtins.isList x then builtins.concatMap lib.flatten x else [ x ];
    imap0 = f: xs: builtins.genList (n: f n (elemAt xs n)) (length xs);

    nameValuePair = name: value: { inherit name value; };
    genAttrs = names: f: listToAttrs (map (name: lib.nameValuePair name (f name)) names);
    mapAttrs' = f: attrs: listToAttrs (lib.mapAttrsToList f attrs);
    mapAttrsToList = f: attrs: map (name: f name attrs.${name}) (builtins.attrNames attrs);
    filterAttrs =
      keep: attrs:
      removeAttrs attrs (
        builtins.filter (name: !(keep name attrs.${name})) (builtins.attrNames attrs)
      );

    hasPrefix = prefix: string: substring 0 (stringLength prefix) string == prefix;
    hasSuffix =
      suffix: string:
      let
        start = stringLength string - stringLength suffix;
      in
      start >= 0 && substring start (-1) string == suffix;
    hasInfix = infix: string: replaceStrings [ infix ] [ "" ] string != string;
    removePrefix =
      prefix: string:
      if lib.hasPrefix prefix string then substring (stringLength prefix) (-1) string else string;
    concatMapStringsSep = separator: f: xs: concatStringsSep separator (map f xs);
    escapeShellArg =
      x:
      let
        string = toString x;
        isPlain = builtins.match "[a-zA-Z0-9_.,:/@%+-]+" string != null;
      in
      if isPlain then string else "'${replaceStrings [ "'" ] [ "'\\''" ] string}'";
    escapeShellArgs = lib.concatMapStringsSep " " lib.escapeShellArg;
    makeBinPath = lib.concatMapStringsSep ":" (package: "${package}/bin");

    getExe' = package: program: "${package}/bin/${program}";
    getExe = package: lib.getExe' package (package.meta.mainProgram or package.pname);
  }
  // import ./types.nix { inherit lib; }
  // import ./modules.nix { inherit lib; };
in
lib
